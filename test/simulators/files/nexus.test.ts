import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { seriesMetadata } from '../../../src/config/series-metadata.js';
import { plainRequest } from '../../../src/contract/series.js';
import { makeLayout } from '../../../src/detector/layout.js';
import { openForReading } from '../../../simulators/files/hdf5.js';
import type { Dataset, Group, H5File } from '../../../simulators/files/hdf5.js';
import { FrameFile } from '../../../simulators/files/frame-file.js';
import { writeMetadata } from '../../../simulators/files/hdf5-metadata.js';
import { pixelKinds } from '../../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../../simulators/files/pixel-kinds.js';
import { config } from '../../view/hand-made-view.js';
import { pythonWith } from '../../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-nexus-'));
t.teardown(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A file with one frame and this metadata. */
async function fileWith(metadata: Record<string, unknown>, name = 'eiger'): Promise<H5File> {
  const path = join(folder, `${++files}.h5`);
  const file = await FrameFile.create(path, name);
  writeMetadata(file.group, metadata, (text) => t.comment(text));
  file.describe(metadata['virtual_dcu']);
  file.write(new Uint8Array(2), [1, 1], pixelKinds.get('uint16') as PixelKind, { frame: 0, complete: true });
  file.close();
  return openForReading(path);
}

const text = (entity: unknown, name: string): unknown => (entity as Group).attrs[name]?.value;
const number = (file: H5File, path: string): number => Number((file.get(path) as Dataset).value);

t.test('viewers find the images: from the default of the file to the signal, as images', async (t) => {
  const file = await fileWith({});
  const entry = file.get(text(file, 'default') as string);
  t.equal(text(entry, 'NX_class'), 'NXentry');
  const plot = (entry as Group).get(text(entry, 'default') as string) as Group;
  t.equal(text(plot, 'NX_class'), 'NXdata');
  const signal = plot.get(text(plot, 'signal') as string) as Dataset;
  t.strictSame(signal.shape, [1, 1, 1]);
  t.equal(text(signal, 'interpretation'), 'image', 'h5web: the image first, not the line that somebody chose before');
  t.equal(text(file.get('entry/instrument/eiger'), 'NX_class'), 'NXdetector');
  file.close();
});

const silx = pythonWith('silx', 'h5py');

t.test(
  'silx opens the images, one after the other, by its own rules',
  { skip: silx === null && 'no Python with silx here (scripts/install-python-clients.sh)' },
  async (t) => {
    const file = await fileWith({});
    file.close();
    const script = `
import json, sys
import silx.io
from silx.io.nxdata import get_default
with silx.io.open(sys.argv[1]) as file:
    plot = get_default(file)
    print(json.dumps([plot.group.name, plot.signal_dataset_name, plot.is_image, plot.interpretation, plot.issues]))`;
    const said = execFileSync(silx as string, ['-c', script, file.filename], { encoding: 'utf8' });
    t.strictSame(JSON.parse(said), ['/entry/data', 'data', true, 'image', []]);
  },
);

t.test('what the service says of the detector is there as NXmx names it', async (t) => {
  const { text: metadata } = seriesMetadata({ ...config, metadataDefaults: {} }, makeLayout(config.detector), {
    ...plainRequest,
    framePeriodMs: 20,
    metadata: '{"exptime":0.01,"photon_energy":12398.419843320026}',
  });
  const file = await fileWith(JSON.parse(metadata) as Record<string, unknown>);
  const detector = '/entry/instrument/eiger';
  t.strictSame((file.get(`${detector}/pixel_mask`) as Dataset).shape, [514, 514]);
  t.equal(number(file, `${detector}/count_time`), 0.01);
  t.equal(number(file, `${detector}/saturation_value`), 65535);
  t.equal(text(file.get(`${detector}/x_pixel_size`), 'units'), 'm');
  t.equal(text(file.get(`${detector}/frame_time`), 'units'), 's');
  t.equal(number(file, '/entry/instrument/beam/incident_wavelength'), 1);
  t.equal(text(file.get('/entry/instrument/beam/incident_wavelength'), 'units'), 'angstrom');
  file.close();
});

t.test('of metadata that say less, or other things, nothing is made up', async (t) => {
  const file = await fileWith({ photon_energy: 'high', pixel_mask: [[7]], exptime: 1, count_time: 2 });
  const detector = '/entry/instrument/eiger';
  t.notOk((file.get('/entry/instrument') as Group).keys().includes('beam'));
  t.equal(number(file, `${detector}/pixel_mask`), 7, 'a mask that is given stands');
  t.equal(number(file, `${detector}/count_time`), 2);
  file.close();
  const bare = await fileWith({});
  t.notOk((bare.get(detector) as Group).keys().includes('pixel_mask'));
  bare.close();
  const beam = await fileWith({ photon_energy: 5 }, 'beam');
  t.strictSame((beam.get('/entry/instrument') as Group).keys(), ['beam'], 'a detector of that name is no beam');
  beam.close();
});
