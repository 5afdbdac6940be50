import t from 'tap';
import type { UdpSource } from '../../src/config/networks.js';
import { options } from '../../src/config/schema.js';
import { configJson } from '../../src/http/config-json.js';
import { config } from '../view/hand-made-view.js';

t.test('the configuration has exactly the keys of the configuration file, and the name', (t) => {
  t.strictSame(Object.keys(configJson(config)).sort(), ['name', ...Object.keys(options)].sort());
  t.end();
});

const ipv4 = (address: string, bits = 32): UdpSource => ({ address, bits, family: 'ipv4', port: null });

t.test('values are as the file would have them; null is not set', (t) => {
  const json = JSON.parse(JSON.stringify(configJson(config))) as Record<string, unknown>;
  t.match(json, {
    name: 'quad',
    detector: 'eiger',
    flip_rows: { 50001: true },
    port_positions: { 50002: [0, 0] },
    udp_source: '[::1]:1234',
    enforce_source: false,
    nibble_order: 'high_first',
    interfaces: 1,
    counters: 1,
    flat: false,
    ring_frames: 64,
    ring_ms: null,
    read_n_rows: null,
    udp_ports: [50001, 50002],
  });
  t.match(configJson({ ...config, ring: { milliseconds: 500 }, udpSources: [ipv4('10.0.0.1')] }), {
    ring_frames: null,
    ring_ms: 500,
    udp_source: '10.0.0.1',
  });
  t.match(configJson({ ...config, detector: { ...config.detector, lowNibbleFirst: true } }), {
    nibble_order: 'low_first',
  });
  t.match(configJson({ ...config, udpSources: [ipv4('10.0.0.1'), ipv4('10.0.1.0', 24)] }), {
    udp_source: ['10.0.0.1', '10.0.1.0/24'],
  });
  t.match(configJson({ ...config, ring: null, udpSources: [] }), {
    ring_frames: null,
    ring_ms: null,
    udp_source: null,
  });
  t.end();
});

t.test('of an address for notifications the path, where keys stand, is not shown', async (t) => {
  const json = JSON.stringify(configJson({ ...config, notifyUrl: 'https://hooks.example.org/T0/secret?key=1' }));
  t.match(json, '"notify_url":"https://hooks.example.org/…"');
  t.notMatch(json, 'secret');
});
