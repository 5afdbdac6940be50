import t from 'tap';
import { clientOptions } from '../../../src/control/sls/client-options.js';
import { detectorNamed, freshSettings } from '../../../src/control/sls/module-settings.js';
import type { ModuleSettings } from '../../../src/control/sls/module-settings.js';
import { setup } from '../../../src/control/sls/setup.js';
import type { Setup } from '../../../src/control/sls/setup.js';
import { setupBytes } from './client.js';
import type { SetupFields } from './client.js';

const module = (fields: SetupFields, more: Partial<ModuleSettings> = {}): ModuleSettings => {
  const told = setup.read(setupBytes(fields)) as Setup;
  const detector = detectorNamed(told.detectorType);
  if (detector === null) throw new Error('no detector');
  return { ...freshSettings(told, detector), ...more };
};

const frames = { gapPixels: true, flat: false };

t.test('what the client sets is what the keys of a configuration say', async (t) => {
  const { options, problems } = clientOptions(
    [module({ index: 0 }), module({ index: 1 }, { flipRows: 1, dataStream: [1, 0] })],
    false,
    frames,
  );
  t.strictSame(problems, []);
  t.strictSame(options, {
    detector: 'eiger',
    modules: [2, 1],
    dynamic_range: 16,
    udp_ports: [50001, 50002, 50003, 50004],
    ports_off: [50004],
    udp_host: ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'],
    quad: false,
    ten_giga: true,
    flip_rows: { 50003: true, 50004: true },
  });
});

t.test('each type of detector says what it has, and nothing else', async (t) => {
  const said = (fields: SetupFields): unknown =>
    clientOptions([module({ x: 1, y: 1, ...fields })], false, frames).options;
  t.match(said({ quad: 1 }), { quad: true, modules: [1, 1], udp_ports: [50001, 50002] });
  const jungfrau = { type: 3, interfaces: 2, activate: 0, address2: '127.0.0.2' };
  t.strictSame(said(jungfrau), {
    detector: 'jungfrau',
    modules: [1, 1],
    dynamic_range: 16,
    udp_ports: [50001, 50002],
    ports_off: [],
    udp_host: ['127.0.0.1', '127.0.0.2'],
    interfaces: 2,
  });
  t.match(said({ ...jungfrau, interfaces: 1 }), { interfaces: 1, udp_ports: [50001] });
  t.match(said({ type: 6, interfaces: 1, counterMask: 5, depth: 32 }), {
    counters: 2,
    ten_giga: true,
    dynamic_range: 32,
  });
  t.match(said({ type: 7, interfaces: 2 }), { detector: 'gotthard2', udp_ports: [50001] });
});

t.test('an address that was not set is asked for, unless the configuration has one', async (t) => {
  const modules = [module({ x: 1, y: 1, address: '0.0.0.0' })] as const;
  t.match(clientOptions(modules, false, frames).problems, [/^udp_dstip of module 0 is not set.*udp_dstip auto/]);
  t.strictSame(clientOptions(modules, true, frames).problems, []);
});

t.test('modules that are not of one detector are named, with both values', async (t) => {
  const different: readonly (readonly [SetupFields, RegExp])[] = [
    [{ type: 3 }, /^hostname: eiger on module 0, but jungfrau on module 1/],
    [{ y: 3 }, /^detsize: 2 × 1 modules on module 0, but 3 × 1 modules on module 1/],
    [{ tenGiga: 0 }, /^tengiga: 1 on module 0, but 0 on module 1/],
    [{ quad: 1 }, /^quad: 0 on module 0, but 1 on module 1/],
  ];
  for (const [fields, sentence] of different)
    t.match(
      clientOptions([module({ index: 0 }), module({ index: 1, ...fields })], false, frames).problems[0],
      sentence,
    );
});
