import t from 'tap';
import { copyDatagram, SimulatedDetector } from '../../../simulators/detector/detector.js';
import type { DetectorRun } from '../../../simulators/detector/detector.js';
import { noFaults } from '../../../simulators/detector/faults.js';
import { prepareDatagrams } from '../../../simulators/detector/prepare.js';
import { simulate } from '../../../simulators/simulate.js';
import { quadSettings } from './settings-examples.js';

const run: DetectorRun = {
  settings: quadSettings(),
  frames: 130,
  firstFrame: 4294967290,
  rate: 2000,
  faults: {
    ...noFaults,
    selectors: { loss: 0.01, truncate: 0.01, delay: 0.01, reorder: 0.01, duplicate: 0.01, foreign: 0.01 },
  },
};
const frameBytes = 128 * 4144;

t.test('a prepared run is the same run, with the same truth', async (t) => {
  const [usual, ahead] = [new SimulatedDetector(run), new SimulatedDetector(run)];
  const expected = Array.from(usual.datagrams(), copyDatagram);
  const prepared = prepareDatagrams(ahead, run.frames, 2, run.frames * frameBytes);
  t.equal(prepared.length, expected.length);
  t.ok(
    prepared.every(({ bytes, ...rest }, at) => {
      const { bytes: wanted, ...others } = expected[at];
      return Buffer.compare(bytes, wanted) === 0 && JSON.stringify(rest) === JSON.stringify(others);
    }),
  );
  t.same(ahead.truth.toJson(), usual.truth.toJson());
});

t.test('what does not fit, or has no end, is refused before anything is made', async (t) => {
  const detector = new SimulatedDetector(run);
  t.throws(() => prepareDatagrams(detector, run.frames, 2, run.frames * frameBytes - 1), {
    name: 'OperatorError',
    exitCode: 2,
    message: /1 to 129 frames/,
  });
  t.equal(detector.truth.ports[0]?.frames, 0);
  t.throws(() => prepareDatagrams(new SimulatedDetector({ ...run, frames: 0 }), 0, 2, 1e12), {
    exitCode: 2,
    message: /endless/,
  });
  const options = { settings: quadSettings(), udpHost: '127.0.0.1', signal: new AbortController().signal };
  await t.rejects(simulate({ ...options, frames: 2, prepare: 1 }), { exitCode: 2, message: /1 to 1 frames/ });
});
