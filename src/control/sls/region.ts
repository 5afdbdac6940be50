// The region of interest that PSI's client has set (rx_roi), as a cut of the frame. Comes in: the settings of all
// modules, in their order, and what the configuration says of frames. Goes out: the cut, or why frames cannot be cut
// so. Pure. PSI counts in the image of all modules, without gap pixels, both ends included; source:
// slsDetectorPackage 10.0.1 and 9.2.1, DetectorImpl.cpp (setRxROI).

import type { ServiceConfig } from '../../config/service-config.js';
import type { Roi } from '../../detector/frame-form.js';
import { gapped } from '../../detector/layout.js';
import { families } from '../../detector/profiles.js';
import type { ModuleSettings } from './module-settings.js';
import type { Roi as PsiRoi } from './shapes.js';

export interface Region {
  /** Null = none is set, or none that is possible. */
  readonly roi: Roi | null;
  readonly problems: readonly string[];
}

/** Pixels of the frame without gaps; ends included. */
interface Piece {
  readonly rows: readonly [first: number, last: number];
  readonly columns: readonly [first: number, last: number];
}

/** @param detector what the configuration says of frames; the rest may come from the client */
export function regionOf(
  modules: readonly [ModuleSettings, ...ModuleSettings[]],
  { gapPixels, flat }: Pick<ServiceConfig['detector'], 'gapPixels' | 'flat'>,
): Region {
  const [first] = modules;
  const [region, ...others] = first.roiMetadata.filter((roi) => !isWhole(roi));
  if (region === undefined)
    return modules.every(({ rois }) => rois.every(isWhole))
      ? { roi: null, problems: [] }
      : impossible('modules are to be cut, but of which region of the detector is not known. Say rx_roi once more');
  if (others.length > 0)
    return impossible(
      `rx_roi: ${others.length + 1} regions, but a frame leaves as one rectangle. Give one region around them all`,
    );
  const pieces = piecesOf(region, modules, flat);
  if (typeof pieces === 'string') return impossible(`rx_roi ${written(region)}: ${pieces}`);
  const [rows, columns] = [spanOf(pieces.map((piece) => piece.rows)), spanOf(pieces.map((piece) => piece.columns))];
  const area = pieces.reduce((sum, piece) => sum + lengthOf(piece.rows) * lengthOf(piece.columns), 0);
  if (area !== lengthOf(rows) * lengthOf(columns))
    return impossible(
      `rx_roi ${written(region)}: these pixels are no rectangle of the frame, where ${whereOf(first)}. Give a region ` +
        'that is one there',
    );
  const { values } = families[first.detector];
  const at = (pixel: number, axis: 'rows' | 'columns'): number => gapped(pixel, gapPixels, values, axis);
  const [top, bottom] = [at(rows[0], 'rows'), at(rows[1], 'rows')];
  const [left, right] = [at(columns[0], 'columns'), at(columns[1], 'columns')];
  return { roi: [top, left, bottom - top + 1, right - left + 1], problems: [] };
}

const isWhole = ({ xmin, xmax, ymin, ymax }: PsiRoi): boolean => [xmin, xmax, ymin, ymax].every((end) => end === -1);

const impossible = (sentence: string): Region => ({
  roi: null,
  problems: [`${sentence}; rx_clearroi takes the whole frame, roi in the configuration of the service cuts any part`],
});

const written = ({ xmin, xmax, ymin, ymax }: PsiRoi): string => `[${[xmin, xmax, ymin, ymax].join(', ')}]`;
const lengthOf = ([first, last]: readonly [number, number]): number => last - first + 1;
const spanOf = (spans: readonly (readonly [number, number])[]): [number, number] => [
  Math.min(...spans.map(([first]) => first)),
  Math.max(...spans.map(([, last]) => last)),
];

const quadSide = 512;
const strips = 1280;
/** The client counts so many counters of each module of a Mythen3, however many are read out. */
const mythen3Counters = 3;

/** The parts of the frame that a region is; or why there are none. */
function piecesOf(
  region: PsiRoi,
  modules: readonly [ModuleSettings, ...ModuleSettings[]],
  flat: boolean,
): readonly Piece[] | string {
  const [{ detector, quad, modules: grid, counterMask, release }] = modules;
  const { xmin, xmax } = region;
  const { values } = families[detector];
  const unit = {
    rows: values.unitPorts.rows * values.portImage.rows,
    columns: values.unitPorts.columns * values.portImage.columns * (detector === 'mythen3' ? mythen3Counters : 1),
  };
  const oneRow = unit.rows === 1;
  const [ymin, ymax] = oneRow && region.ymin === -1 && region.ymax === -1 ? [0, 0] : [region.ymin, region.ymax];
  // A detector of strips has its modules beside each other, as the frame.
  const all = { rows: grid.y * unit.rows, columns: grid.x * unit.columns };
  if (xmin > xmax || ymin > ymax) return 'ends before it begins. Give [xmin, xmax, ymin, ymax]';
  if (xmin < 0 || ymin < 0 || xmax >= all.columns || ymax >= all.rows)
    return `ends outside the detector, which has x 0 to ${all.columns - 1}, y 0 to ${all.rows - 1}. Give one within`;
  if (detector === 'gotthard2' && modules.length > 1 && release === 'before 10')
    return 'clients before release 10 count strips of two modules alternately, frames have one after the other';
  if (detector === 'mythen3') return piecesOfMythen3(xmin, xmax, countersOf(counterMask), flat);
  if (detector === 'eiger' && quad !== 0) return piecesOfQuad({ xmin, xmax, ymin, ymax });
  return [{ rows: [ymin, ymax], columns: [xmin, xmax] }];
}

const countersOf = (mask: number): number => [1, 2, 4].filter((bit) => (mask & bit) !== 0).length;

/** The client knows a quad as the half-module that it is electrically: its left port is below, its right one above. */
function piecesOfQuad({ xmin, xmax, ymin, ymax }: PsiRoi): Piece[] {
  const half = quadSide / 2;
  const below: Piece = { rows: [half + ymin, half + ymax], columns: [xmin, Math.min(xmax, quadSide - 1)] };
  const above: Piece = {
    rows: [half - 1 - ymax, half - 1 - ymin],
    columns: [Math.max(xmin, quadSide) - quadSide, xmax - quadSide],
  };
  return [...(xmin < quadSide ? [below] : []), ...(xmax >= quadSide ? [above] : [])];
}

/** Along x lie the counters of the first module, one after the other, then those of the second. */
function piecesOfMythen3(xmin: number, xmax: number, counters: number, flat: boolean): Piece[] | string {
  const wide = strips * mythen3Counters;
  const sent = strips * counters;
  if (xmin % wide >= sent || xmax % wide >= sent)
    return `ends in a counter that is not read out; of each module there are ${sent} pixels, from ${wide} × its index`;
  const pieces: Piece[] = [];
  for (let module = Math.floor(xmin / wide); module * wide <= xmax; module++)
    for (let counter = 0; counter < counters; counter++) {
      const begin = module * wide + counter * strips;
      const [first, last] = [Math.max(xmin - begin, 0), Math.min(xmax - begin, strips - 1)];
      const [row, column] = flat ? [0, module * sent + counter * strips] : [counter, module * strips];
      if (first <= last) pieces.push({ rows: [row, row], columns: [column + first, column + last] });
    }
  return pieces;
}

function whereOf({ detector }: ModuleSettings): string {
  if (detector === 'mythen3') return 'each counter is a row';
  return 'the right port of the quad (x from 512) lies upside down above the left one';
}
