import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { messageOf } from '../../src/base/errors.js';

/** What is wrong with a detector, one line per problem; empty = accepted. */
function problems(...lines: string[]): string[] {
  try {
    parseConfig(`a:\n  detector: eiger\n  ${lines.join('\n  ')}\n`, 'f', 'a');
  } catch (error) {
    return messageOf(error).split('\n');
  }
  return [];
}

const quad = ['quad: true', 'udp_ports: [1, 2]'];

t.test('the number of ports follows from modules or quad', async (t) => {
  t.strictSame(problems('udp_ports: [1, 2]'), []);
  t.strictSame(problems('modules: [2, 1]', 'udp_ports: [1, 2, 3, 4]'), []);
  t.match(problems('modules: [2, 1]', 'udp_ports: [1, 2]'), [/udp_ports: 2 ports, but modules: \[2,1\] at 2 per unit needs 4\. List every port/]);
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

t.test('at least one port is on', async (t) => {
  t.match(problems(...quad, 'ports_off: [1, 2]'), [/ports_off: \[1,2\] is every port of udp_ports/]);
});

t.test('positions lie within the detector, one port at each', async (t) => {
  t.strictSame(problems(...quad, 'port_positions: {1: [0, 0], 2: [1, 0]}'), []);
  t.match(problems(...quad, 'port_positions: {1: [0, 1]}'), [/port_positions\.1: \[0,1\] lies outside: rows are 0 to 1, columns 0 to 0/]);
  t.match(problems(...quad, 'port_positions: {1: [0, 0], 2: [0, 0]}'), [/port_positions\.2: \[0,0\] is the position of port 1 as well/]);
  t.strictSame(problems('udp_ports: [1, 2]', 'port_positions: {1: [0, 1]}'), [], 'a half-module is one row of two ports');
  t.match(problems('udp_ports: [1, 2]', 'port_positions: {1: [1, 0]}'), [/lies outside: rows are 0 to 0, columns 0 to 1/]);
});

t.test('bit depths are those of the detector type', async (t) => {
  for (const bits of [8, 16, 32]) t.strictSame(problems(...quad, `dynamic_range: ${bits}`), []);
  t.match(problems(...quad, 'dynamic_range: 64'), [/dynamic_range: 64 is not allowed: eiger needs /]);
  t.match(problems(...quad, 'dynamic_range_max: 24'), [/dynamic_range_max: 24 is not allowed/]);
});

t.test('dynamic_range_max is not below dynamic_range', async (t) => {
  t.strictSame(problems(...quad, 'dynamic_range: 16', 'dynamic_range_max: 16'), []);
  t.match(problems(...quad, 'dynamic_range: 16', 'dynamic_range_max: 8'), [/dynamic_range_max: 8 is less than dynamic_range: 16/]);
});

t.test('rows read out are whole packets of a port image', async (t) => {
  t.strictSame(problems(...quad, 'read_n_rows: 4'), []);
  t.match(problems(...quad, 'read_n_rows: 6'), [/read_n_rows: 6 is not a whole number of packets: at dynamic_range: 16 a packet holds 4 rows\. Use a multiple of 4/]);
  t.strictSame(problems(...quad, 'read_n_rows: 256'), []);
  t.match(problems(...quad, 'read_n_rows: 257'), [/read_n_rows: 257 is not allowed: a port image has 256 rows/]);
  t.strictSame(problems(...quad, 'ten_giga: false', 'read_n_rows: 1'), [], '1 GbE packets hold one row of 16 bit');
  t.strictSame(problems(...quad, 'ten_giga: false', 'dynamic_range: 32', 'read_n_rows: 3'), [], 'half a row of 32 bit');
  t.match(problems(...quad, 'ten_giga: false', 'dynamic_range: 8', 'read_n_rows: 3'), [/a packet holds 2 rows/]);
});

t.test('the source has the address family of udp_host', async (t) => {
  t.strictSame(problems(...quad, 'udp_host: "::1"', 'udp_source: "[fe80::1]:32410"'), []);
  t.match(problems(...quad, 'udp_source: "[fe80::1]"'), [/udp_source: "\[fe80::1\]" is IPv6, but udp_host: 127\.0\.0\.1 is not/]);
});

t.test('the ring has one length', async (t) => {
  t.strictSame(problems(...quad, 'frame_rate_hz: 10', 'ring_ms: 1000'), []);
  t.strictSame(problems(...quad, 'frame_rate_hz: 10', 'ring_frames: 10'), []);
  t.match(problems(...quad, 'frame_rate_hz: 10', 'ring_frames: 10', 'ring_ms: 1000'), [/ring_ms: 1000 beside ring_frames: 10/]);
  t.match(problems(...quad, 'ring_ms: 1000'), [/ring_ms: 1000 without frame_rate_hz/]);
});

t.test('stream and HTTP have their own ports', async (t) => {
  t.strictSame(problems(...quad, 'data_port: 0', 'api_port: 0'), []);
  t.match(problems(...quad, 'data_port: 5000'), [/api_port: 5000 is data_port as well/]);
  t.strictSame(problems(...quad, 'data_port: 5000', 'data_host: 127.0.0.2'), []);
});
