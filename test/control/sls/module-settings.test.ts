import t from 'tap';
import type { DetectorName } from '../../../src/control/sls/functions.js';
import { detectorNamed, framesExpected, freshSettings, imagePorts } from '../../../src/control/sls/module-settings.js';
import type { ModuleSettings } from '../../../src/control/sls/module-settings.js';
import { setup } from '../../../src/control/sls/setup.js';
import type { Setup } from '../../../src/control/sls/setup.js';
import { setupBytes } from './client.js';
import type { SetupFields } from './client.js';

const settingsOf = (detector: DetectorName, fields: SetupFields = {}): ModuleSettings =>
  freshSettings(setup.read(setupBytes(fields)) as Setup, detector);

t.test('detectors by the number of PSI; Gotthard I and test boards are none', async (t) => {
  t.equal(detectorNamed(1), 'eiger');
  t.equal(detectorNamed(7), 'gotthard2');
  for (const type of [0, 2, 4, 8, -1]) t.equal(detectorNamed(type), null, `${type}`);
});

t.test("settings begin with PSI's defaults", async (t) => {
  t.match(settingsOf('eiger', { index: 1 }), { fileName: 'run', fifoDepth: 1000, streamingPort: 30_003, padding: 1 });
  t.equal(settingsOf('eiger', { depth: 32 }).fifoDepth, 100);
  t.match(settingsOf('moench'), { discardPolicy: 2, framesPerFile: 100_000, streamingPort: 30_001 });
  t.equal(settingsOf('jungfrau', { interfaces: 2 }).rois.length, 2);
});

t.test('ports of images: two of an Eiger, as many as interfaces of a Jungfrau, one of the others', async (t) => {
  const ports = (detector: DetectorName, fields: SetupFields = {}) =>
    imagePorts(settingsOf(detector, fields)).map(({ udpPort, on }) => (on ? udpPort : -udpPort));
  t.strictSame(ports('eiger'), [50_001, 50_002]);
  t.strictSame(ports('eiger', { activate: 0 }), [-50_001, -50_002]);
  t.strictSame(ports('jungfrau', { interfaces: 1, activate: 0 }), [50_001], 'only an Eiger can be deactivated');
  t.strictSame(ports('jungfrau', { interfaces: 2 }), [50_001, 50_002]);
  t.strictSame(ports('gotthard2', { interfaces: 2 }), [50_001], 'the second carries veto packets');
  const halfOff = settingsOf('eiger');
  halfOff.dataStream[1] = 0;
  t.strictSame(
    imagePorts(halfOff).map(({ on }) => on),
    [true, false],
  );
});

t.test('frames expected', async (t) => {
  const expected = (detector: DetectorName, change: Partial<ModuleSettings>): bigint =>
    framesExpected(Object.assign(settingsOf(detector), { frames: 10n, triggers: 3n, bursts: 5n, ...change }));
  t.equal(expected('eiger', {}), 30n);
  t.equal(expected('jungfrau', { storageCells: 15 }), 480n);
  t.equal(expected('gotthard2', { timing: 0, burstMode: 0 }), 50n);
  t.equal(expected('gotthard2', { timing: 0, burstMode: 2 }), 10n);
  t.equal(expected('gotthard2', { timing: 1, burstMode: 1 }), 30n);
  t.equal(expected('gotthard2', { timing: 1, burstMode: 3 }), 3n);
});
