// What NeXus readers look for in a file of images, made of what lies in it: classes, what is shown first, units, mask,
// beam, in the places and under the names of NXmx. Comes in: a file with images or room for them. Goes out: the same
// with more beside them; nothing that is there is changed. The file does not call itself NXmx (`definition`), because
// sample, source and distance are not known here.

import type { Dataset, Group } from './hdf5.js';
import { pixelMask } from './pixel-mask.js';

/** hc in eV Å: CODATA 2018. */
const electronVoltAngstrom = 12398.419843320026;
/** Of the service's own metadata, and of DECTRIS' names; in SI units as these have them. */
const units: Readonly<Record<string, string>> = {
  x_pixel_size: 'm',
  y_pixel_size: 'm',
  sensor_thickness: 'm',
  detector_distance: 'm',
  exptime: 's',
  count_time: 's',
  frame_time: 's',
  photon_energy: 'eV',
  threshold_energy: 'eV',
};

/** Classes, and the images as what viewers (h5web, silx) open first. @param detector below /entry/instrument */
export function addDefaultPlot(file: Group, detector: string): void {
  const entry = file.get('entry') as Group;
  const instrument = entry.get('instrument') as Group;
  setText(file, 'default', 'entry');
  setText(entry, 'NX_class', 'NXentry');
  setText(instrument, 'NX_class', 'NXinstrument');
  setText(instrument.get(detector) as Group, 'NX_class', 'NXdetector');
  if (entry.keys().includes('data')) return;
  setText(entry, 'default', 'data');
  const plot = entry.create_group('data');
  setText(plot, 'NX_class', 'NXdata');
  setText(plot, 'signal', 'data');
  plot.create_soft_link(`/entry/instrument/${detector}/data`, 'data');
}

/** Viewers show one image after the other: h5web whatever somebody has looked at before, silx not as a volume. */
export function sayImages(images: Dataset): void {
  setText(images, 'interpretation', 'image');
}

/**
 * Units, mask and beam of a detector whose metadata lie in the file.
 * @param virtualDcu what the service says of the detector; undefined = it says nothing, and no mask is made
 */
export function addDescription(file: Group, detector: Group, virtualDcu: unknown): void {
  const names = new Set(detector.keys());
  for (const [name, unit] of Object.entries(units))
    if (names.has(name)) setText(asDataset(detector, name), 'units', unit);
  if (names.has('exptime') && !names.has('count_time'))
    detector.create_hard_link(`${detector.path}/exptime`, 'count_time');
  if (!names.has('pixel_mask')) addMask(detector, virtualDcu);
  if (names.has('photon_energy')) addBeam(file.get('entry/instrument') as Group, asDataset(detector, 'photon_energy'));
}

function addMask(detector: Group, virtualDcu: unknown): void {
  const mask = pixelMask(virtualDcu);
  if (mask === null) return;
  const shape = [...mask.shape];
  // Next to nothing, compressed.
  const dataset = detector.create_dataset({
    name: 'pixel_mask',
    data: mask.bits,
    shape,
    chunks: shape,
    dtype: '<I',
    compression: 'gzip',
  });
  // The file of the mask lies where the service runs, and may be another one by now.
  const { mask: file, mask_value: value } = virtualDcu as Readonly<Record<string, unknown>>;
  if (typeof file === 'string')
    setText(dataset, 'not_included', `pixels that the mask ${file} covers; they have the value ${String(value)}`);
}

function addBeam(instrument: Group, energy: Dataset): void {
  const value = Number(energy.value);
  if (instrument.keys().includes('beam') || !(value > 0)) return;
  const beam = instrument.create_group('beam');
  setText(beam, 'NX_class', 'NXbeam');
  const numbers = { incident_energy: [value, 'eV'], incident_wavelength: [electronVoltAngstrom / value, 'angstrom'] };
  for (const [name, [number, unit]] of Object.entries(numbers)) {
    const dataset = beam.create_dataset({ name, data: Float64Array.of(number as number), shape: [], dtype: '<d' });
    setText(dataset, 'units', unit as string);
  }
}

const asDataset = (group: Group, name: string): Dataset => group.get(name) as Dataset;

/** One that is there stays as it is. */
function setText(entity: Group | Dataset, name: string, value: string): void {
  if (!(name in entity.attrs)) entity.create_attribute(name, value);
}
