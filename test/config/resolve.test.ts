import t from 'tap';
import { camelCase, snakeCase } from '../../src/base/snake-case.js';
import { parseConfig } from '../../src/config/load.js';
import { options, type OptionKey } from '../../src/config/schema.js';

const keys = Object.keys(options) as OptionKey[];
const load = (...lines: string[]): object =>
  parseConfig(
    ['a:', '  detector: eiger', '  udp_ports: [50001, 50002]', ...lines.map((line) => `  ${line}`)].join('\n'),
    'f.yaml',
    'a',
  );

/** Options that become something else, by what they become. */
const become: Partial<Record<OptionKey, string>> = {
  nibble_order: 'lowNibbleFirst',
  udp_host: 'udpHosts',
  udp_source: 'udpSources',
  data_port: 'dataPorts',
  ring_frames: 'ring',
  ring_ms: 'ring',
  frames_stride: 'share',
  frames_offset: 'share',
};

t.test('every option reaches the program by its own name, or as what it becomes; what is not set is null', (t) => {
  const { detector, ...config } = load() as Record<string, unknown> & { detector: Record<string, unknown> };
  const values: Record<string, unknown> = { ...config, ...detector };
  for (const key of keys) {
    const name = become[key] ?? camelCase(key);
    t.ok(Object.hasOwn(values, name) && values[name] !== undefined, `${key} is ${name}`);
  }
  const known = new Set(['name', ...keys.map((key) => become[key] ?? camelCase(key))]);
  t.strictSame(
    Object.keys(values).filter((name) => !known.has(name)),
    [],
    'and nothing else is there',
  );
  t.equal(values['seriesTimeoutMs'], null);
  t.end();
});

t.test('the name of an option in the program leads back to its key', (t) => {
  for (const key of keys) t.equal(snakeCase(camelCase(key)), key);
  t.end();
});

t.test('a value that was given reaches the program as it was given, whichever group it is of', (t) => {
  t.match(
    load(
      'gap_pixels: false',
      'receive_buffer_bytes: 70000',
      'api_names: [a.b]',
      'series_timeout_ms: 77',
      'ring_ms: 900',
      'frame_rate_hz: 100',
      'nibble_order: low_first',
      'dynamic_range: 4',
    ),
    {
      detector: { gapPixels: false, lowNibbleFirst: true },
      receiveBufferBytes: 70000,
      apiNames: ['a.b'],
      seriesTimeoutMs: 77,
      ring: { milliseconds: 900 },
    },
  );
  t.end();
});
