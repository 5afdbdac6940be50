import t from 'tap';
import { armWishOf, filenameOf, metadataOf } from '../../../src/control/sls/arm-wish.js';
import { freshSettings } from '../../../src/control/sls/module-settings.js';
import type { ModuleSettings } from '../../../src/control/sls/module-settings.js';
import { setup } from '../../../src/control/sls/setup.js';
import type { Setup } from '../../../src/control/sls/setup.js';
import type { DetectorName } from '../../../src/control/sls/functions.js';
import { setupBytes } from './client.js';
import type { SetupFields } from './client.js';
import { PlayedService } from './played-service.js';

const settingsOf = (fields: SetupFields = {}, detector: DetectorName = 'eiger'): ModuleSettings =>
  freshSettings(setup.read(setupBytes(fields)) as Setup, detector);

t.test('the name of the file: path, name and index while files are written', async (t) => {
  const settings = settingsOf();
  t.equal(filenameOf(settings), '', 'off');
  settings.fileWrite = 1;
  t.throws(() => filenameOf(settings), { why: 'invalid', message: /fpath/ });
  settings.filePath = '/data/staff/';
  settings.fileIndex = 7n;
  t.equal(filenameOf(settings), '/data/staff/run_7.h5');
});

t.test('frames, and bit depth and rows where they are other than configured', async (t) => {
  const { config } = new PlayedService();
  t.match(armWishOf(settingsOf({ frames: 10n, triggers: 3n }), config), {
    filename: '',
    frames: 30n,
    read_n_rows: 256,
  });
  const wish = armWishOf(settingsOf({ depth: 32, rows: 0 }), config);
  t.equal(wish.dynamic_range, 32);
  t.notOk('read_n_rows' in wish);
  t.notOk('dynamic_range' in armWishOf(settingsOf(), config));
});

t.test('metadata: what is known of every detector', async (t) => {
  t.match(metadataOf(settingsOf({ frames: 5n })), {
    exptime: 0.001,
    count_time: 0.001,
    frame_time: 0.02,
    nimages: 5,
    ntrigger: 1,
    trigger_mode: 'auto',
    readout_speed: 'full_speed',
    threshold_energy: 0,
    countrate_correction_applied: false,
  });
  t.notOk('sub_exptime' in metadataOf(settingsOf()), 'sub-frames exist at 32 bit only');
  t.ok('sub_exptime' in metadataOf(settingsOf({ depth: 32 })));
});

t.test('metadata: of Mythen3 its gates and counters, of a scan its range, and the words of the user', async (t) => {
  const settings = settingsOf({ counterMask: 5 }, 'mythen3');
  settings.exptimesNs = [1_000_000n, 2_000_000n, 0n];
  settings.scan = { enable: 1, dac: 5, start: 500, stop: 1500, step: 100, settleNs: 1_000_000n };
  settings.jsonHeader = new Map([['sample', 'lysozyme']]);
  t.match(metadataOf(settings), {
    exptime: 0.001,
    counters: [0, 2],
    exptimes: [0.001, 0.002, 0],
    threshold_energy: [0, 0, 0],
    scan: { dac: 5, start: 500, stop: 1500, step: 100, settle_time: 0.001 },
    additional_json_header: { sample: 'lysozyme' },
  });
});

t.test('the request of every detector passes the rules of requests', async (t) => {
  for (const detector of ['eiger', 'jungfrau', 'moench', 'mythen3', 'gotthard2'] as const) {
    const settings = settingsOf({ counterMask: 7 }, detector);
    settings.bursts = 2n;
    settings.deadTimesNs = [124n, 0n];
    t.doesNotThrow(() => JSON.stringify(metadataOf(settings)), detector);
    t.notOk(JSON.stringify(metadataOf(settings)).includes('null'), `${detector}: the file writer cannot store null`);
  }
});
