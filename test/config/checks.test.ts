import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { messageOf } from '../../src/base/errors.js';

/** What is wrong with a detector, one line per problem; empty = accepted. */
function problems(...lines: string[]): string[] {
  try {
    parseConfig(
      `a:\n  ${lines[0]?.startsWith('detector:') ? '' : 'detector: eiger\n  '}${lines.join('\n  ')}\n`,
      'f',
      'a',
    );
  } catch (error) {
    return messageOf(error).split('\n');
  }
  return [];
}

const quad = ['quad: true', 'udp_ports: [1, 2]'];

t.test('the number of ports follows from modules or quad', async (t) => {
  t.strictSame(problems('udp_ports: [1, 2]'), []);
  t.strictSame(problems('modules: [2, 1]', 'udp_ports: [1, 2, 3, 4]'), []);
  t.match(problems('modules: [2, 1]', 'udp_ports: [1, 2]'), [
    /udp_ports: 2 ports, but modules: \[2,1\] at 2 per unit needs 4\. List every port/,
  ]);
  t.strictSame(problems(...quad), []);
  t.match(problems('quad: true', 'udp_ports: [1, 2, 3, 4]'), [/udp_ports: 4 ports, but quad: true needs 2/]);
  t.match(problems('quad: true', 'udp_ports: [1]'), [/1 ports, but quad: true needs 2/]);
});

t.test('a quad is one unit', async (t) => {
  t.strictSame(problems(...quad, 'modules: [1, 1]'), []);
  t.match(problems(...quad, 'modules: [2, 1]'), [/modules: \[2,1\] with quad: true, but a quad is one unit/]);
});

t.test('no port is listed twice', async (t) => {
  t.match(problems('udp_ports: [7, 7]'), [/udp_ports\.1: 7 is listed twice/]);
  t.match(problems(...quad, 'ports_off: [2, 2]'), [/ports_off\.1: 2 is listed twice/]);
});

t.test('ports that are named are ports of the detector', async (t) => {
  t.strictSame(problems(...quad, 'ports_off: [2]', 'flip_rows: {1: true}', 'port_positions: {2: [1, 0]}'), []);
  t.match(problems(...quad, 'ports_off: [3]', 'flip_rows: {4: true}', 'port_positions: {5: [1, 0]}'), [
    /ports_off\.0: port 3 is not in udp_ports: \[1,2\]/,
    /flip_rows\.4: port 4 is not in udp_ports/,
    /port_positions\.5: port 5 is not in udp_ports/,
  ]);
});

t.test('who may be a consumer is configured only where it holds', async (t) => {
  const source = 'consumer_source: [192.0.2.7]';
  for (const send of ['auto', 'zmtp']) t.strictSame(problems(...quad, source, `send: ${send}`), []);
  for (const send of ['libzmq', 'zeromq.js']) {
    t.match(problems(...quad, source, `send: ${send}`), [
      new RegExp(`consumer_source: \\[.*7"\\] with send: ${send}, which lets in every peer\\. Set send: zmtp`),
    ]);
    t.strictSame(problems(...quad, 'consumer_source: []', `send: ${send}`), []);
  }
});

t.test('at least one port is on', async (t) => {
  t.match(problems(...quad, 'ports_off: [1, 2]'), [/ports_off: \[1,2\] is every port of udp_ports/]);
});

t.test('positions lie within the detector, one port at each', async (t) => {
  t.strictSame(problems(...quad, 'port_positions: {1: [0, 0], 2: [1, 0]}'), []);
  t.match(problems(...quad, 'port_positions: {1: [0, 1]}'), [
    /port_positions\.1: \[0,1\] lies outside: rows are 0 to 1, columns 0 to 0/,
  ]);
  t.match(problems(...quad, 'port_positions: {1: [0, 0], 2: [0, 0]}'), [
    /port_positions\.2: \[0,0\] is the position of port 1 as well/,
  ]);
  t.strictSame(
    problems('udp_ports: [1, 2]', 'port_positions: {1: [0, 1]}'),
    [],
    'a half-module is one row of two ports',
  );
  t.match(problems('udp_ports: [1, 2]', 'port_positions: {1: [1, 0]}'), [
    /lies outside: rows are 0 to 0, columns 0 to 1/,
  ]);
});

t.test('bit depths are those of the detector type', async (t) => {
  for (const bits of [4, 8, 12, 16, 32]) t.strictSame(problems(...quad, `dynamic_range: ${bits}`), []);
  t.match(problems(...quad, 'dynamic_range: 64'), [/dynamic_range: 64 is not allowed: eiger needs /]);
  t.match(problems(...quad, 'dynamic_range_max: 24'), [/dynamic_range_max: 24 is not allowed/]);
});

t.test('dynamic_range_max is not below dynamic_range', async (t) => {
  t.strictSame(problems(...quad, 'dynamic_range: 16', 'dynamic_range_max: 16'), []);
  t.match(problems(...quad, 'dynamic_range: 16', 'dynamic_range_max: 8'), [
    /dynamic_range_max: 8 is less than dynamic_range: 16/,
  ]);
});

t.test('rows read out are whole packets of a port image', async (t) => {
  t.strictSame(problems(...quad, 'read_n_rows: 4'), []);
  t.match(problems(...quad, 'read_n_rows: 6'), [
    /read_n_rows: 6 is no whole number of packets; use a multiple of 4 from 4 to 256/,
  ]);
  t.strictSame(problems(...quad, 'read_n_rows: 256'), []);
  t.match(problems(...quad, 'read_n_rows: 257'), [/read_n_rows: 257 is more than the 256 of a port image/]);
  t.strictSame(problems(...quad, 'ten_giga: false', 'read_n_rows: 1'), [], '1 GbE packets hold one row of 16 bit');
  t.strictSame(problems(...quad, 'ten_giga: false', 'dynamic_range: 32', 'read_n_rows: 3'), [], 'half a row of 32 bit');
  t.match(problems(...quad, 'ten_giga: false', 'dynamic_range: 8', 'read_n_rows: 3'), [/a multiple of 2 /]);
  t.strictSame(problems(...quad, 'dynamic_range: 12', 'read_n_rows: 16'), [], '16 rows of 12 bit are three packets');
  t.match(problems(...quad, 'dynamic_range: 12', 'read_n_rows: 8'), [/a multiple of 16 /]);
});

t.test('rows read out around the centre are whole packets on both sides', async (t) => {
  for (const interfaces of [1, 2]) {
    const jungfrau = [
      'detector: jungfrau',
      `interfaces: ${interfaces}`,
      interfaces === 1 ? 'udp_ports: [1]' : 'udp_ports: [1, 2]',
    ];
    t.strictSame(problems(...jungfrau, 'read_n_rows: 8'), []);
    t.match(problems(...jungfrau, 'read_n_rows: 4'), [
      /read_n_rows: 4 is no whole number of packets on both sides of the centre; use a multiple of 8 from 8 to 512/,
    ]);
    t.strictSame(problems(...jungfrau, 'read_n_rows: 512'), []);
    t.match(problems(...jungfrau, 'read_n_rows: 520'), [/520 is more than the 512 of a module/]);
  }
  t.strictSame(problems('detector: moench', 'udp_ports: [1]', 'read_n_rows: 16'), []);
  t.match(problems('detector: moench', 'udp_ports: [1]', 'read_n_rows: 8'), [/a multiple of 16 from 16 to 400/]);
});

/**
 * For each setting that a detector does not have, one line: what is refused, why, and the neighbour that is accepted.
 */
const neighbours: readonly (readonly [detector: string, accepted: string, refused: string, says: RegExp])[] = [
  ['jungfrau', 'dynamic_range: 16', 'dynamic_range: 12', /dynamic_range: 12 is not allowed: jungfrau needs 16$/],
  [
    'jungfrau',
    'quad: false',
    'quad: true',
    /quad: true is not possible: jungfrau has only quad: false, a choice is there for eiger\. Remove quad/,
  ],
  [
    'jungfrau',
    'ten_giga: true',
    'ten_giga: false',
    /ten_giga: false is not possible: jungfrau has only ten_giga: true, a choice is there for eiger or mythen3\. Remove ten_giga/,
  ],
  ['jungfrau', 'interfaces: 1', 'interfaces: 3', /interfaces: 3 is not allowed: needs 1 or 2 \(jungfrau, moench\)/],
  [
    'jungfrau',
    'nibble_order: high_first',
    'nibble_order: low_first',
    /low_first is not possible: jungfrau has no 4 bit pixels/,
  ],
  [
    'moench',
    'modules: [1, 1]',
    'interfaces: 2',
    /udp_ports: 1 ports, but modules: \[1,1\] at 2 per unit with interfaces: 2 needs 2/,
  ],
  ['mythen3', 'counters: 3', 'counters: 4', /counters: 4 is not allowed: needs 1, 2 or 3 \(mythen3\)/],
  [
    'mythen3',
    'interfaces: 1',
    'interfaces: 2',
    /interfaces: 2 is not possible: mythen3 has only interfaces: 1, a choice is there for jungfrau or moench/,
  ],
  [
    'mythen3',
    'modules: [1, 1]',
    'modules: [2, 1]',
    /modules: \[2,1\] is not possible: modules of mythen3 are lines, which lie side by side\. Use \[1, 2\]/,
  ],
  ['mythen3', 'dynamic_range: 32', 'dynamic_range: 12', /dynamic_range: 12 is not allowed: mythen3 needs 8, 16 or 32/],
  ['mythen3', 'counters: 2', 'flat: true', /flat: true with counters: 1, but one counter is one row already/],
  [
    'mythen3',
    'gap_pixels: true',
    'read_n_rows: 1',
    /read_n_rows: 1 is not possible: mythen3 always reads out everything/,
  ],
  ['gotthard2', 'dynamic_range: 16', 'dynamic_range: 32', /dynamic_range: 32 is not allowed: gotthard2 needs 16$/],
  [
    'gotthard2',
    'counters: 1',
    'counters: 2',
    /counters: 2 is not possible: gotthard2 has only counters: 1, a choice is there for mythen3/,
  ],
  ['gotthard2', 'flat: false', 'flat: true', /flat: true is not possible: gotthard2 has only flat: false/],
  ['gotthard2', 'modules: [1, 1]', 'modules: [2, 1]', /modules of gotthard2 are lines/],
];

for (const [detector, accepted, refused, says] of neighbours) {
  t.test(`${detector} with ${refused} is refused`, async (t) => {
    t.strictSame(problems(`detector: ${detector}`, 'udp_ports: [1]', accepted), []);
    const found = problems(`detector: ${detector}`, 'udp_ports: [1]', refused);
    t.ok(
      found.some((problem) => says.test(problem)),
      found.join('\n'),
    );
  });
}

t.test('an Eiger has neither counters nor a choice of interfaces', async (t) => {
  t.match(problems(...quad, 'counters: 2'), [/counters: 2 is not possible: eiger has only counters: 1/]);
  t.match(problems(...quad, 'interfaces: 2'), [/interfaces: 2 is not possible: eiger has only interfaces: 1/]);
});

t.test('ports are counted for each detector as its units have them', async (t) => {
  t.strictSame(problems('detector: jungfrau', 'interfaces: 2', 'modules: [2, 1]', 'udp_ports: [1, 2, 3, 4]'), []);
  t.match(problems('detector: jungfrau', 'interfaces: 2', 'modules: [2, 1]', 'udp_ports: [1, 2]'), [
    /2 ports, but modules: \[2,1\] at 2 per unit with interfaces: 2 needs 4/,
  ]);
  t.strictSame(problems('detector: mythen3', 'modules: [1, 3]', 'udp_ports: [1, 2, 3]'), []);
  t.match(problems('detector: mythen3', 'modules: [1, 3]', 'udp_ports: [1]'), [
    /1 ports, but modules: \[1,3\] at 1 per unit needs 3/,
  ]);
  t.match(problems('detector: jungfrau', 'interfaces: 2', 'udp_ports: [1, 2]', 'port_positions: {2: [1, 1]}'), [
    /\[1,1\] lies outside: rows are 0 to 1, columns 0 to 0/,
  ]);
});

t.test('with rows around the centre a port keeps its half of the module', async (t) => {
  const jungfrau = ['detector: jungfrau', 'interfaces: 2', 'modules: [2, 1]', 'udp_ports: [1, 2, 3, 4]'];
  t.strictSame(problems(...jungfrau, 'port_positions: {1: [1, 0], 2: [0, 0]}'), []);
  t.strictSame(
    problems(...jungfrau, 'read_n_rows: 64', 'port_positions: {1: [2, 0], 2: [3, 0], 3: [0, 0], 4: [1, 0]}'),
    [],
  );
  t.match(problems(...jungfrau, 'read_n_rows: 64', 'port_positions: {1: [1, 0], 2: [0, 0]}'), [
    /port_positions\.1: \[1,0\] is the place of the other half/,
    /port_positions\.2: /,
  ]);
});

t.test('several things that a detector does not have are all named', async (t) => {
  const found = problems('detector: jungfrau', 'quad: true', 'counters: 2', 'dynamic_range: 4', 'udp_ports: [1]');
  t.equal(found.length, 3, found.join('\n'));
});

t.test('a list of udp_host has one address per port or per interface, and the error says which', async (t) => {
  t.match(problems(...quad, 'udp_host: [10.0.0.1]'), [
    /udp_host: \["10\.0\.0\.1"\] has 1 address, needs 2: one for each port, in the order of udp_ports\. One address for all ports is written without brackets$/,
  ]);
  t.match(problems(...quad, 'udp_host: [10.0.0.1, 10.0.0.2, 10.0.0.3]'), [/has 3 addresses, needs 2/]);
  t.match(problems(...quad, 'udp_host: []'), [
    /udp_host: \[\] is not allowed: needs an IPv4 or IPv6 address of this machine, or a list of them/,
  ]);
  t.match(problems(...quad, 'udp_host: [10.0.0.1, here]'), [/is not allowed: needs an IPv4/]);
  const jungfrau = ['detector: jungfrau', 'interfaces: 2', 'modules: [1, 2]', 'udp_ports: [1, 2, 3, 4]'];
  t.strictSame(problems(...jungfrau, 'udp_host: [10.0.0.1, 10.0.0.2]'), []);
  t.match(problems(...jungfrau, 'udp_host: [10.0.0.1, 10.0.0.2, 10.0.0.3]'), [
    /has 3 addresses, needs 4: one for each port, in the order of udp_ports, or 2: that of udp_dstip, then that of udp_dstip2, for all modules/,
  ]);
  t.match(problems('detector: jungfrau', 'modules: [1, 2]', 'udp_ports: [1, 2]', 'udp_host: [10.0.0.1]'), [
    /needs 2: one for each port, in the order of udp_ports\. One/,
  ]);
});

t.test('the source has the address family of udp_host', async (t) => {
  t.strictSame(problems(...quad, 'udp_host: "::1"', 'udp_source: "[fe80::1]:32410"'), []);
  t.match(problems(...quad, 'udp_source: "[fe80::1]"'), [
    /udp_source: "\[fe80::1\]" is IPv6, but udp_host: 127\.0\.0\.1 is not/,
  ]);
  t.match(problems(...quad, 'udp_host: [10.0.0.1, "::1"]', 'udp_source: 10.0.0.9'), [
    /is IPv4, but udp_host: ::1 is not/,
  ]);
});

t.test('the ring has one length', async (t) => {
  t.strictSame(problems(...quad, 'frame_rate_hz: 10', 'ring_ms: 1000'), []);
  t.strictSame(problems(...quad, 'frame_rate_hz: 10', 'ring_frames: 10'), []);
  t.match(problems(...quad, 'frame_rate_hz: 10', 'ring_frames: 10', 'ring_ms: 1000'), [
    /ring_ms: 1000 beside ring_frames: 10/,
  ]);
  t.match(problems(...quad, 'ring_ms: 1000'), [/ring_ms: 1000 without frame_rate_hz/]);
});

t.test('stream and HTTP have their own ports', async (t) => {
  t.strictSame(problems(...quad, 'data_port: 0', 'api_port: 0'), []);
  t.match(problems(...quad, 'data_port: 5000'), [/api_port: 5000 is data_port as well/]);
  t.match(problems(...quad, 'data_port: [9999, 5000]'), [/api_port: 5000 is data_port as well/]);
  t.strictSame(problems(...quad, 'data_port: 5000', 'data_host: 127.0.0.2'), []);
});

t.test("PSI's client has one receiver for each module", async (t) => {
  t.strictSame(problems(...quad, 'receiver_ports: [1954]'), []);
  const modules = ['detector: jungfrau', 'modules: [2, 1]', 'udp_ports: [1, 2]'];
  t.strictSame(problems(...modules, 'receiver_ports: [1954, 1955]'), []);
  t.strictSame(problems(...modules, 'receiver_ports: [0, 0]'), [], 'free ones are never the same');
  t.match(problems(...modules, 'receiver_ports: [1954]'), [/receiver_ports: 1 ports, but modules: \[2, 1\] are 2/]);
  t.match(problems(...modules, 'receiver_ports: [1954, 1954]'), [/receiver_ports\.1: .*1954/]);
  t.match(problems(...quad, 'data_port: [9999, 9998]', 'receiver_ports: [9998]'), [
    /receiver_ports\.0: 9998 is data_port as well/,
  ]);
  t.match(problems(...quad, 'receiver_ports: [9999]'), [/receiver_ports\.0: 9999 is data_port as well/]);
  t.match(problems(...quad, 'receiver_ports: [5000]'), [/receiver_ports\.0: 5000 is api_port as well/]);
  t.match(problems(...quad, 'series: armed', 'frames_stride: 2', 'receiver_ports: [1954]'), [
    /receiver_ports: beside frames_stride: 2/,
  ]);
});

t.test("PSI's client speaks IPv4 only", async (t) => {
  t.match(problems(...quad, 'udp_host: "::1"', 'receiver_ports: [1954]'), [/Set receiver_host to an IPv4 address/]);
  t.strictSame(problems(...quad, 'udp_host: "::1"', 'receiver_ports: [1954]', 'receiver_host: 0.0.0.0'), []);
  t.match(problems(...quad, 'receiver_host: "::1"'), [/receiver_host: "::1" is not allowed: needs an IPv4 address/]);
  t.match(problems(...quad, 'receiver_source: [here]'), [/receiver_source\.0: "here" is not allowed/]);
  t.match(problems(...quad, 'receiver_release: 7'), [/needs 8, 9 or 10/]);
});

t.test('a cut lies within the frame, gap pixels included where there are any', async (t) => {
  t.strictSame(problems(...quad, 'roi: [0, 0, 514, 514]', 'turn: 90', 'mirror: true'), []);
  t.strictSame(problems(...quad, 'roi: [513, 513, 1, 1]'), []);
  t.match(problems(...quad, 'roi: [500, 0, 15, 514]'), [
    /roi: \[500,0,15,514\] ends behind the frame: rows 500 to 514 of 0 to 513\. A frame has 514 × 514 pixels before/,
  ]);
  t.match(problems(...quad, 'gap_pixels: false', 'roi: [0, 0, 512, 513]'), [/columns 0 to 512 of 0 to 511/]);
  t.match(problems('detector: jungfrau', 'udp_ports: [1]', 'roi: [0, 0, 600, 2000]'), [/rows 0/, /columns 0/]);
  t.match(problems(...quad, 'roi: [0, 0, 0, 5]'), [/roi\.2: 0 is not allowed: needs \[row, column, rows, columns\]/]);
  t.match(problems(...quad, 'turn: 45'), [/turn: 45 is not allowed: needs 0, 90, 180 or 270/]);
});

t.test('masked pixels have a value that pixels can have', async (t) => {
  t.strictSame(problems(...quad, 'mask: /data/mask.npy', 'mask_value: 65535'), []);
  t.match(problems(...quad, 'mask: /data/mask.npy', 'mask_value: 65536'), [
    /mask_value: 65536 is more than a pixel of 16 bit holds\. Give 0 to 65535, or leave it out/,
  ]);
  t.match(problems(...quad, 'mask_value: 1'), [/mask_value: 1 without mask, so no pixel would have it\. Add mask/]);
});
