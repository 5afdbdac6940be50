import t from 'tap';
import { detectorNamed, freshSettings } from '../../../src/control/sls/module-settings.js';
import type { ModuleSettings } from '../../../src/control/sls/module-settings.js';
import { regionOf } from '../../../src/control/sls/region.js';
import { setup } from '../../../src/control/sls/setup.js';
import type { Setup } from '../../../src/control/sls/setup.js';
import { wholeRoi } from '../../../src/control/sls/shapes.js';
import { setupBytes } from './client.js';
import type { SetupFields } from './client.js';

type Ends = readonly [xmin: number, xmax: number, ymin: number, ymax: number];
const roiOf = ([xmin, xmax, ymin, ymax]: Ends) => ({ xmin, xmax, ymin, ymax });

interface Detector {
  readonly fields: SetupFields;
  readonly modules?: number;
  readonly release?: 9;
  readonly gapPixels?: false;
  readonly flat?: true;
}

function modulesOf({ fields, modules = 1, release }: Detector, regions: readonly Ends[]): ModuleSettings[] {
  return Array.from({ length: modules }, (_, index) => {
    const told = setup.read(setupBytes({ index, ...fields }, release ?? 10)) as Setup;
    const settings = freshSettings(told, detectorNamed(told.detectorType) ?? 'eiger');
    return { ...settings, roiMetadata: regions.map(roiOf) };
  });
}

function region(detector: Detector, ...regions: Ends[]): unknown {
  const [first, ...others] = modulesOf(detector, regions) as [ModuleSettings, ...ModuleSettings[]];
  const { roi, problems } = regionOf([first, ...others], {
    gapPixels: detector.gapPixels ?? true,
    flat: detector.flat ?? false,
  });
  return roi ?? problems;
}

const halves: Detector = { fields: { x: 1, y: 2 }, modules: 2 };
const twoEigers: Detector = { fields: { x: 2, y: 4 }, modules: 8 };
const quad: Detector = { fields: { y: 1, quad: 1 } };
const jungfrau: Detector = { fields: { type: 3, y: 2, interfaces: 2, activate: 0 }, modules: 2 };
const moench: Detector = { fields: { type: 5, y: 1, x: 1, interfaces: 1 } };
const mythen3 = (counterMask: number, modules = 2): Detector => ({
  fields: { type: 6, x: modules, y: 1, interfaces: 1, counterMask },
  modules,
});
const gotthard2: Detector = { fields: { type: 7, x: 2, y: 1, interfaces: 1 }, modules: 2 };

const cuts: [what: string, Detector, Ends, roi: number[]][] = [
  ['one pixel', halves, [0, 0, 0, 0], [0, 0, 1, 1]],
  ['over the gaps of the chips, both ends included', halves, [255, 256, 255, 256], [255, 255, 4, 4]],
  ['without gap pixels', { ...halves, gapPixels: false }, [255, 256, 255, 256], [255, 255, 2, 2]],
  ['the whole detector', halves, [0, 1023, 0, 511], [0, 0, 514, 1030]],
  ['over the gaps of the modules', twoEigers, [1023, 1024, 511, 512], [513, 1029, 38, 10]],
  ['the left port of a quad is below', quad, [10, 19, 0, 4], [258, 10, 5, 10]],
  ['its right port is above, upside down', quad, [512 + 10, 512 + 19, 0, 4], [251, 10, 5, 10]],
  ['both ports whole as far as rows go', quad, [0, 1023, 0, 9], [246, 0, 22, 514]],
  ['two interfaces', jungfrau, [100, 199, 250, 600], [250, 100, 389, 100]],
  ['no gaps', moench, [5, 399, 7, 100], [7, 5, 94, 395]],
  ['strips, y not given', gotthard2, [1000, 1999, -1, -1], [0, 1000, 1, 1000]],
  ['strips, y given', gotthard2, [1000, 1999, 0, 0], [0, 1000, 1, 1000]],
  ['a counter of a module', mythen3(7), [3840 + 1280, 3840 + 1289, -1, -1], [1, 1280, 1, 10]],
  ['the counters of a module', mythen3(7), [3840, 7679, -1, -1], [0, 1280, 3, 1280]],
  ['two counters of it', mythen3(7), [1280, 3839, -1, -1], [1, 0, 2, 1280]],
  ['one counter that is read out, of both modules', mythen3(2), [1000, 3840 + 99, -1, -1], [0, 1000, 1, 380]],
  ['all of two counters', mythen3(5), [0, 3840 + 2559, -1, -1], [0, 0, 2, 2560]],
  ['a flat Mythen3', { ...mythen3(7), flat: true }, [1000, 3840 + 99, -1, -1], [0, 1000, 1, 2940]],
];

for (const [what, detector, ends, roi] of cuts)
  t.test(`a region as a cut of the frame: ${what}`, async (t) => t.strictSame(region(detector, ends), roi));

const refused: [what: string, Detector, regions: Ends[], says: RegExp][] = [
  ['two regions', halves, [roiEnds(0), roiEnds(20)], /2 regions, but a frame leaves as one .* rx_clearroi takes the/],
  ['behind the last column', halves, [[0, 1024, 0, 511]], /outside the detector, which has x 0 to 1023, y 0 to 511/],
  ['behind the last row', halves, [[0, 1023, 0, 512]], /outside the detector/],
  ['before the first', halves, [[-1, 10, 0, 10]], /outside the detector/],
  ['ends exchanged', halves, [[10, 9, 0, 10]], /ends before it begins/],
  ['parts of both ports of a quad', quad, [[500, 520, 0, 9]], /no rectangle of the frame, where the right port/],
  ['all columns of a quad, but not to its middle', quad, [[0, 1023, 1, 9]], /no rectangle/],
  ['a second row of strips', gotthard2, [[0, 9, 0, 1]], /outside the detector, which has x 0 to 2559, y 0 to 0/],
  ['part of two counters', mythen3(7), [[1000, 1300, -1, -1]], /no rectangle of the frame, where each counter is/],
  ['a counter that is not read out', mythen3(3), [[0, 2560, -1, -1]], /not read out; of each module there are 2560/],
  ['alternate strips', { ...gotthard2, release: 9 }, [[0, 9, -1, -1]], /count strips of two modules alternately/],
];

function roiEnds(from: number): Ends {
  return [from, from + 9, 0, 9];
}

for (const [what, detector, regions, says] of refused)
  t.test(`a region that no frame can leave as: ${what}`, async (t) => {
    t.match(region(detector, ...regions), [says]);
  });

t.test('no region is none; modules that are cut without one are said', async (t) => {
  t.strictSame(region(halves, [-1, -1, -1, -1]), []);
  const [first, second] = modulesOf(halves, [[-1, -1, -1, -1]]) as [ModuleSettings, ModuleSettings];
  second.rois = [wholeRoi, roiOf([0, 9, 0, 9])];
  t.match(regionOf([first, second], { gapPixels: true, flat: false }), {
    roi: null,
    problems: [/of which region of the detector is not known. Say rx_roi once more/],
  });
});
