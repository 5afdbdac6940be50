import t from 'tap';
import { completeConfig, isOpen } from '../../src/config/from-client.js';
import type { ClientOptions } from '../../src/config/from-client.js';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { makePlan } from '../../src/config/plan.js';

const open = (keys = ''): ServiceConfig =>
  parseConfig(`det:\n  receiver_ports: [1954, 1955]\n${keys === '' ? '' : `  ${keys}\n`}`, 'f', 'det');

const halves: ClientOptions = {
  detector: 'eiger',
  modules: [2, 1],
  quad: false,
  ten_giga: true,
  dynamic_range: 16,
  udp_ports: [50001, 50002, 50003, 50004],
  ports_off: [],
  udp_host: ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'],
};

const completed = (config: ServiceConfig, client: ClientOptions): ServiceConfig => {
  if (config.stated === undefined) throw new Error('the configuration states its detector');
  return completeConfig(config.name, config.stated, client);
};

t.test('receiver ports alone leave the detector to the client, and so does from_client', async (t) => {
  for (const config of [open(), open('detector: from_client')]) {
    t.ok(isOpen(config));
    t.match(config, { series: 'armed', detector: { detector: 'from_client', udpPorts: [] }, dataPorts: [9999] });
  }
  t.equal(open('series: auto').series, 'auto', 'what is given holds');
  const own = parseConfig('det:\n  detector: eiger\n  quad: true\n  udp_ports: [1, 2]\n', 'f', 'det');
  t.notOk(isOpen(own));
  t.equal(own.stated, undefined);
});

t.test('what is wrong before the client has said anything is refused', async (t) => {
  t.throws(() => parseConfig('det:\n  detector: from_client\n', 'f', 'det'), { message: /add receiver_ports/ });
  t.throws(() => open('frames_stride: 2'), { message: /frames_stride: 2, but PSI's client/ });
  t.throws(() => open('ring_ms: 100'), { message: /without frame_rate_hz/ });
  t.throws(() => open('data_port: 1955'), { message: /1955 is data_port as well/ });
  t.throws(() => parseConfig('det:\n  receiver_ports: []\n', 'f', 'det'), { message: /the key detector is missing/ });
});

t.test('commands that must know the detector say so', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'det:\n  receiver_ports: [1954]\n' });
  t.throws(() => loadConfig(`${folder}/a.yaml`, 'det'), { message: /from_client says nothing of the detector/ });
});

t.test('with what the client says it is a configuration like any other', async (t) => {
  const config = completed(open('frame_rate_hz: 100'), halves);
  t.notOk(isOpen(config));
  t.match(makePlan(config), { detector: { shape: [514, 1030] }, ports: [{}, {}, {}, { udpPort: 50004 }] });
  t.match(config, { udpHosts: ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'], dynamicRangeMax: 16 });
});

t.test('a key of the file holds, but for the bit depth, which is of each series', async (t) => {
  const config = completed(open('udp_host: 0.0.0.0\n  gap_pixels: false\n  dynamic_range: 8'), halves);
  t.match(config, { udpHosts: ['0.0.0.0'], detector: { gapPixels: false, dynamicRange: 16 } });
});

t.test('what does not fit together is refused by the rules of a file', async (t) => {
  const refused: readonly (readonly [ClientOptions, RegExp])[] = [
    [{ udp_ports: [1, 1, 2, 3] }, /udp_ports.*twice/],
    [{ modules: [1, 1] }, /udp_ports: 4 ports/],
    [{ dynamic_range: 12, detector: 'jungfrau' }, /dynamic_range: 12 is not allowed/],
    [{ ports_off: [50001, 50002, 50003, 50004] }, /ports_off: .* is every port/],
    [{ modules: [33, 1] }, /modules: \[33,1\] is not allowed/],
    [{ modules: [-1, -2] }, /modules: \[-1,-2\] is not allowed/],
    [{ udp_ports: [0, 1, 2, 3] }, /udp_ports: \[0,1,2,3\] is not allowed: needs a list of ports/],
    [{ counters: 0, detector: 'mythen3' }, /counters: 0 is not allowed/],
    [{ udp_host: ['1.2.3'] }, /udp_host: .* is not allowed/],
  ];
  for (const [client, message] of refused)
    t.throws(() => completed(open(), { ...halves, ...client }), { name: 'OperatorError', message });
  t.throws(() => completed(open('dynamic_range_max: 16'), { ...halves, dynamic_range: 32 }), {
    message: /dynamic_range_max: 16 is less than dynamic_range: 32/,
  });
});
