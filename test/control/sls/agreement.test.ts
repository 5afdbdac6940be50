import t from 'tap';
import { contradictions, lastingContradictions } from '../../../src/control/sls/agreement.js';
import type { DetectorName } from '../../../src/control/sls/functions.js';
import { freshSettings } from '../../../src/control/sls/module-settings.js';
import type { ModuleSettings } from '../../../src/control/sls/module-settings.js';
import { setup } from '../../../src/control/sls/setup.js';
import type { Setup } from '../../../src/control/sls/setup.js';
import { parseConfig } from '../../../src/config/load.js';
import { setupBytes } from './client.js';
import type { SetupFields } from './client.js';
import { halfModulesYaml } from './played-service.js';

const config = (yaml: string) => parseConfig(`det:${yaml}\n`, 'test.yaml', 'det');
const settingsOf = (fields: SetupFields = {}, detector: DetectorName = 'eiger'): ModuleSettings =>
  freshSettings(setup.read(setupBytes(fields)) as Setup, detector);
const pair = (first: SetupFields = {}, second: SetupFields = first): ModuleSettings[] => [
  settingsOf(first),
  settingsOf({ ...second, index: 1 }),
];

t.test('what fits has no contradictions', async (t) => {
  t.strictSame(contradictions(config(halfModulesYaml), pair()), []);
  t.strictSame(contradictions(config(halfModulesYaml), pair({ address: '0.0.0.0' })), [], 'no address is set yet');
  t.strictSame(contradictions(config(halfModulesYaml), pair({ depth: 32, rows: 128 })), [], 'these belong to a series');
});

const cases: [what: string, yaml: string, modules: ModuleSettings[], says: RegExp][] = [
  ['quad', halfModulesYaml, pair({ quad: 1 }), /^quad: false .* true at the detector \(quad 1\)/],
  ['ten_giga', halfModulesYaml, pair({ tenGiga: 0 }), /^ten_giga: true .* false .*tengiga 0/],
  [
    'a port',
    halfModulesYaml,
    pair({ ports: [50_001, 50_009] }, {}),
    /^udp_ports\[1\]: 50002 .* 50009 .*0:udp_dstport2/,
  ],
  ['a module that is off', halfModulesYaml, pair({}, { activate: 0 }), /^ports_off: port 50003 on .* off .*activate/],
  ['a port that is off here', `${halfModulesYaml}\n  ports_off: [50001]`, pair(), /^ports_off: port 50001 off .* on/],
  ['an address', halfModulesYaml, pair({ address: '10.0.0.9' }), /^udp_host of port 50001: 127.0.0.1 .* 10.0.0.9/],
  ['frames', halfModulesYaml, pair({ frames: 5n }, { frames: 6n }), /^frames .* 5 on module 0, but 6 on module 1/],
  ['dr of modules', halfModulesYaml, pair({ depth: 16 }, { depth: 32 }), /^dr: 16 on module 0, but 32 on module 1/],
  [
    'interfaces',
    '\n  detector: jungfrau\n  udp_ports: [50001]\n  receiver_ports: [1954]',
    [settingsOf({ y: 1, interfaces: 2, rows: 512 }, 'jungfrau')],
    /^interfaces: 1 .* 2 .*numinterfaces/,
  ],
  [
    'counters',
    '\n  detector: mythen3\n  udp_ports: [50001]\n  receiver_ports: [1954]',
    [settingsOf({ y: 1, counterMask: 7 }, 'mythen3')],
    /^counters: 1 .* 3/,
  ],
];

for (const [what, yaml, modules, says] of cases) {
  t.test(`${what}: which key, which value here, which there`, async (t) => {
    t.match(contradictions(config(yaml), modules)[0], says);
  });
}

t.test('an address is of no matter where the service listens on all', async (t) => {
  const everywhere = config(`${halfModulesYaml}\n  udp_host: 0.0.0.0`);
  t.strictSame(contradictions(everywhere, pair({ address: '10.0.0.9' })), []);
});

t.test('fliprows is compared once it was told', async (t) => {
  const [first, second] = pair() as [ModuleSettings, ModuleSettings];
  second.flipRows = 1;
  first.flipRows = 0;
  t.strictSame(contradictions(config(halfModulesYaml), [first, second]), []);
  second.flipRows = 0;
  t.match(contradictions(config(halfModulesYaml), [first, second])[0], /^flip_rows of port 50003: true .* false/);
});

t.test('type and arrangement are known from the beginning', async (t) => {
  const here = config(halfModulesYaml);
  t.strictSame(lastingContradictions(here, settingsOf()), []);
  t.match(lastingContradictions(here, settingsOf({}, 'jungfrau')), [/^detector: eiger .* jungfrau/]);
  t.match(lastingContradictions(here, settingsOf({ x: 2, y: 1 })), [/^modules: \[2, 1\] .* \[1, 2\]/]);
});
