import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../src/base/errors.js';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import { exampleFile } from '../commands/repository.js';

const quad = 'detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]';

/** A file with one detector `a`, its entry followed by more lines. */
const entry = (...lines: string[]): string => `a:\n  ${[quad, ...lines].join('\n  ')}\n`;

/** The lines of the refusal, without the file's name. */
function refusal(text: string, name = 'a'): string[] {
  try {
    parseConfig(text, 'f.yaml', name);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    t.equal(error.exitCode, 2, 'a wrong configuration is a usage error');
    return error.message.split('\n').map((line) => line.replace(/^f\.yaml:/, ''));
  }
  return [];
}

t.test('a quad with nothing but its ports has every default', async (t) => {
  t.strictSame(parseConfig(entry(), 'f.yaml', 'a'), {
    name: 'a',
    detector: {
      detector: 'eiger',
      interfaces: 1,
      counters: 1,
      flat: false,
      lowNibbleFirst: false,
      quad: true,
      modules: [1, 1],
      gapPixels: true,
      dynamicRange: 16,
      tenGiga: true,
      readNRows: null,
      udpPorts: [50001, 50002],
      portsOff: [],
      flipRows: new Map(),
      portPositions: new Map(),
    },
    dynamicRangeMax: 16,
    udpHosts: ['127.0.0.1', '127.0.0.1'],
    udpSources: [],
    enforceSource: false,
    receiveBufferBytes: 104857600,
    receive: 'auto',
    receiveCoalesced: false,
    receiverThreads: null,
    encoderThreads: null,
    compression: 'none',
    roi: null,
    turn: 0,
    mirror: false,
    mask: null,
    maskValue: null,
    receiverPriority: 'realtime',
    pinCpus: [],
    send: 'auto',
    sendBufferBytes: null,
    dataHost: '127.0.0.1',
    dataPorts: [9999],
    preview: null,
    apiHost: '127.0.0.1',
    apiPort: 5000,
    apiTokenFile: null,
    apiNames: null,
    receiverPorts: [],
    receiverHost: null,
    receiverSource: [],
    receiverRelease: 10,
    slsPreview: false,
    ring: null,
    frameRateHz: null,
    series: 'auto',
    frames: 0,
    autoFilename: null,
    metadataDefaults: {},
    share: { stride: 1, offset: 0 },
    incompleteFrames: 'mark',
    overtakeFrames: 4,
    frameTimeoutMs: 500,
    drainMs: 100,
    startWindowMs: 20,
    maxOwedFrames: null,
    seriesIdleMs: 2000,
    fillTailFrames: null,
    seriesTimeoutMs: null,
    closingTimeoutMs: 10000,
    consumerTimeoutMs: 10000,
    consumerSource: [],
    consumerConnections: 1,
    flightRecorderPackets: null,
    flightRecorderDir: null,
    notifyUrl: null,
    historyDir: null,
    receiverUrl: null,
  });
});

t.test('udp_host as a list is one address per port, or one per interface of each module', async (t) => {
  t.strictSame(parseConfig(entry('udp_host: [10.0.0.1, "fd00::1"]'), 'f.yaml', 'a').udpHosts, ['10.0.0.1', 'fd00::1']);
  const jungfrau = (hosts: string): readonly string[] =>
    parseConfig(
      `a: {detector: jungfrau, interfaces: 2, modules: [1, 2], udp_ports: [1, 2, 3, 4], udp_host: ${hosts}}`,
      'f.yaml',
      'a',
    ).udpHosts;
  t.strictSame(
    jungfrau('[10.0.0.1, 10.0.0.2]'),
    ['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.2'],
    'udp_dstip and udp_dstip2 of each module',
  );
  t.strictSame(jungfrau('[10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]'), ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
  t.strictSame(jungfrau('10.0.0.1'), ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.1']);
});

t.test('every key reaches the configuration', async (t) => {
  const config = parseConfig(
    entry(
      'gap_pixels: false',
      'flip_rows: {50002: true}',
      'port_positions: {50001: [0, 0]}',
      'ports_off: [50002]',
      'dynamic_range: 8',
      'dynamic_range_max: 32',
      'nibble_order: low_first',
      'ten_giga: false',
      'read_n_rows: 128',
      'udp_host: 0.0.0.0',
      'udp_source: "10.0.0.1:32410"',
      'enforce_source: true',
      'receive_buffer_bytes: 65536',
      'receive: dgram',
      'receive_coalesced: true',
      'receiver_threads: 3',
      'encoder_threads: 2',
      'compression: bslz4',
      'receiver_priority: normal',
      'pin_cpus: [1, 0]',
      'send: zmtp',
      'send_buffer_bytes: 1048576',
      'data_host: 0.0.0.0',
      'data_port: 0',
      'roi: [1, 2, 3, 4]',
      'turn: 270',
      'mirror: true',
      'mask: /data/mask.npy',
      'mask_value: 5',
      'api_host: "::1"',
      'api_port: 0',
      'api_token_file: /run/secrets/token',
      'api_names: [dcu.example.org]',
      'receiver_host: 10.0.0.5',
      'receiver_source: [10.1.0.0/16]',
      'receiver_release: 9',
      'sls_preview: false',
      'frame_rate_hz: 12.5',
      'ring_ms: 2000',
      'series: armed',
      'frames: 7',
      'incomplete_frames: discard',
      'overtake_frames: 5',
      'frame_timeout_ms: 6',
      'drain_ms: 8',
      'start_window_ms: 9',
      'max_owed_frames: 10',
      'series_idle_ms: 11',
      'fill_tail_frames: 15',
      'series_timeout_ms: 12',
      'closing_timeout_ms: 13',
      'consumer_timeout_ms: 1014',
      'frames_stride: 4',
      'frames_offset: 3',
      'consumer_source: [192.0.2.7, "2001:db8::/32"]',
      'consumer_connections: 2',
      'flight_recorder_packets: 14',
      'flight_recorder_dir: /tmp/flights',
      'history_dir: /tmp/history',
      'receiver_url: http://receiver:5000',
      'notify_url: https://hooks.example.org/key?x=1',
    ),
    'f.yaml',
    'a',
  );
  t.strictSame(config, {
    name: 'a',
    detector: {
      detector: 'eiger',
      interfaces: 1,
      counters: 1,
      flat: false,
      lowNibbleFirst: true,
      quad: true,
      modules: [1, 1],
      gapPixels: false,
      dynamicRange: 8,
      tenGiga: false,
      readNRows: 128,
      udpPorts: [50001, 50002],
      portsOff: [50002],
      flipRows: new Map([[50002, true]]),
      portPositions: new Map([[50001, [0, 0]]]),
    },
    dynamicRangeMax: 32,
    udpHosts: ['0.0.0.0', '0.0.0.0'],
    udpSources: [{ address: '10.0.0.1', bits: 32, family: 'ipv4', port: 32410 }],
    enforceSource: true,
    receiveBufferBytes: 65536,
    receive: 'dgram',
    receiveCoalesced: true,
    receiverThreads: 3,
    encoderThreads: 2,
    compression: 'bslz4',
    roi: [1, 2, 3, 4],
    turn: 270,
    mirror: true,
    mask: '/data/mask.npy',
    maskValue: 5,
    receiverPriority: 'normal',
    pinCpus: [1, 0],
    send: 'zmtp',
    sendBufferBytes: 1048576,
    dataHost: '0.0.0.0',
    dataPorts: [0],
    preview: null,
    apiHost: '::1',
    apiPort: 0,
    apiTokenFile: '/run/secrets/token',
    apiNames: ['dcu.example.org'],
    receiverPorts: [],
    receiverHost: '10.0.0.5',
    receiverSource: ['10.1.0.0/16'],
    receiverRelease: 9,
    slsPreview: false,
    ring: { milliseconds: 2000 },
    frameRateHz: 12.5,
    share: { stride: 4, offset: 3 },
    series: 'armed',
    frames: 7,
    autoFilename: null,
    metadataDefaults: {},
    incompleteFrames: 'discard',
    overtakeFrames: 5,
    frameTimeoutMs: 6,
    drainMs: 8,
    startWindowMs: 9,
    maxOwedFrames: 10,
    seriesIdleMs: 11,
    fillTailFrames: 15,
    seriesTimeoutMs: 12,
    closingTimeoutMs: 13,
    consumerTimeoutMs: 1014,
    consumerSource: ['192.0.2.7', '2001:db8::/32'],
    consumerConnections: 2,
    flightRecorderPackets: 14,
    flightRecorderDir: '/tmp/flights',
    historyDir: '/tmp/history',
    receiverUrl: 'http://receiver:5000',
    notifyUrl: 'https://hooks.example.org/key?x=1',
  });
});

t.test('every key of other detectors reaches the configuration', async (t) => {
  const lines = (...more: string[]): string => `a:\n  ${more.join('\n  ')}\n`;
  t.match(
    parseConfig(
      lines('detector: jungfrau', 'interfaces: 2', 'modules: [2, 1]', 'udp_ports: [1, 2, 3, 4]', 'read_n_rows: 64'),
      'f',
      'a',
    ).detector,
    { detector: 'jungfrau', interfaces: 2, modules: [2, 1], readNRows: 64 },
  );
  t.match(
    parseConfig(
      lines(
        'detector: mythen3',
        'counters: 2',
        'flat: true',
        'ten_giga: false',
        'modules: [1, 2]',
        'udp_ports: [1, 2]',
      ),
      'f',
      'a',
    ).detector,
    { detector: 'mythen3', counters: 2, flat: true, tenGiga: false, dynamicRange: 16 },
  );
});

t.test('flip_rows as one value holds for all ports', async (t) => {
  t.strictSame(
    parseConfig(entry('flip_rows: true'), 'f', 'a').detector.flipRows,
    new Map([
      [50001, true],
      [50002, true],
    ]),
  );
  t.strictSame(
    parseConfig(entry('flip_rows: false'), 'f', 'a').detector.flipRows,
    new Map([
      [50001, false],
      [50002, false],
    ]),
  );
  t.match(refusal(entry('flip_rows: 1')), [
    '5: a.flip_rows: 1 is not allowed: needs true or false, or a map of UDP ports',
  ]);
});

t.test(
  'each value at the end of its range is accepted, and its neighbour outside refused with line, key, value and range',
  async (t) => {
    const cases: [accepted: string, refused: string, says: RegExp][] = [
      [
        'data_port: 65535',
        'data_port: 65536',
        /^5: a\.data_port: 65536 is not allowed: needs a whole number, 0 to 65535, or a list of up to 16 of them$/,
      ],
      [
        'data_port: [9999, 9998]',
        'data_port: []',
        /^5: a\.data_port: \[\] is not allowed: needs a whole number, 0 to 65535, or a list/,
      ],
      ['data_port: [0, 0]', 'data_port: [9999, 9999]', /^5: a\.data_port\.1: 9999 /],
      [
        'receive_buffer_bytes: 65536',
        'receive_buffer_bytes: 65535',
        /^5: a\.receive_buffer_bytes: 65535 .*65536 to 1073741823$/,
      ],
      ['frame_timeout_ms: 1', 'frame_timeout_ms: 0', /^5: a\.frame_timeout_ms: 0 .*1 to 60000$/],
      ['frame_timeout_ms: 60000', 'frame_timeout_ms: 60001', /60001/],
      ['frames: 0', 'frames: -1', /^5: a\.frames: -1 .*0 to 4294967295$/],
      ['frames: 10', 'frames: 10.5', /10\.5 is not allowed: needs a whole number/],
      ['frames: 10', 'frames: "10"', /"10" is not allowed/],
      ['frame_rate_hz: 0.1', 'frame_rate_hz: 0', /0 is not allowed: needs more than 0/],
      ['series: auto', 'series: automatic', /"automatic" is not allowed: needs armed or auto$/],
      ['incomplete_frames: mark', 'incomplete_frames:', /null is not allowed: needs mark or discard$/],
      ['gap_pixels: true', 'gap_pixels: yes', /"yes" is not allowed: needs true or false$/],
      ['udp_host: 10.0.0.1', 'udp_host: localhost', /"localhost" is not allowed: needs an IPv4 or IPv6 address/],
      ['udp_source: 10.0.0.1', 'udp_source: 10.0.0', /"10\.0\.0" is not allowed/],
      ['udp_source: "10.0.0.1:1"', 'udp_source: "10.0.0.1:0"', /is not allowed/],
      [
        'port_positions: {50001: [1, 0]}',
        'port_positions: {50001: [1]}',
        /^5: a\.port_positions\.50001: \[1\] is not allowed/,
      ],
      ['ring_frames: 4', 'ring_frames: 3', /3 is not allowed: needs a whole number, 4 to 1048576$/],
      ['consumer_connections: 1', 'consumer_connections: 0', /0 is not allowed/],
    ];
    for (const [accepted, refused, says] of cases) {
      t.strictSame(refusal(entry(accepted)), [], accepted);
      t.match(refusal(entry(refused)), [says], refused);
    }
  },
);

t.test('an unknown key is refused, with the nearest known one', async (t) => {
  t.strictSame(refusal(entry('dynamic_rang: 16')), [
    '5: a.dynamic_rang: unknown key with value 16; did you mean "dynamic_range"?',
  ]);
  t.match(refusal(entry('http_port: 1')), [/; did you mean "api_port"\?$/], 'as other programs call it');
  t.match(refusal(entry('zmq_port: 1')), [/; did you mean "data_port"\?$/]);
  t.match(refusal(entry('something_else: 1')), [/^5: a\.something_else: unknown key with value 1; the keys are in/]);
});

t.test('a missing key is named with what it needs, at the line of the detector', async (t) => {
  t.match(refusal('b: {}\na: {udp_ports: [1, 2], quad: true}\n'), [
    /^2: a: the key detector is missing: needs eiger, jungfrau, moench, mythen3, gotthard2 or from_client$/,
  ]);
  t.match(refusal('a: {detector: eiger}'), [/^1: a: the key udp_ports is missing: needs a list of ports/]);
});

t.test('all problems are reported at once, in the order of the file', async (t) => {
  const text =
    'a:\n  detector: eiger\n  udp_ports:\n    - 50001\n    - 70000\n  frame_timeout_ms: 0\n  read_n_rows: 3\n  ' +
    'ring_ms: 9\n  bogus: 1\n';
  t.match(refusal(text), [
    /^5: a\.udp_ports\.1: 70000 is not allowed/,
    /^6: a\.frame_timeout_ms: 0 is not allowed/,
    /^7: a\.read_n_rows: 3 is no whole number of packets/,
    /^8: a\.ring_ms: 9 without frame_rate_hz/,
    /^9: a\.bogus: unknown key/,
  ]);
});

t.test('other entries are not looked at, whatever they hold', async (t) => {
  const text = `${entry()}b: 7\nc: {class: Detector, dcu_port_purple: [1, 2]}\nd: {detector: pilatus}\n`;
  t.equal(parseConfig(text, 'f', 'a').name, 'a');
  t.match(refusal(text, 'b'), [/^5: b: 7 is no detector: needs a map of keys/]);
  t.match(refusal(text, 'c'), [/^6: c: is an entry of another program \(class: Detector\)/]);
  t.match(refusal(text, 'd'), [
    /^7: d\.detector: "pilatus" is not allowed: needs eiger, jungfrau, moench, mythen3, gotthard2 or from_client$/,
    /udp_ports is missing/,
  ]);
});

t.test('an unknown detector is refused with the names there are and the nearest', async (t) => {
  t.strictSame(refusal('softimax-eiger: {detector: eiger}\nother: {class: x}\n', 'softimax-eigr'), [
    ' no detector "softimax-eigr": it has softimax-eiger; did you mean "softimax-eiger"?',
  ]);
  t.match(refusal('other: {class: x}\n', 'a'), [/no detector "a": it names no detector/]);
});

t.test('anchors and merge keys are resolved', async (t) => {
  const text =
    'base: &base\n  detector: eiger\n  quad: true\n  frames: 3\na:\n  <<: *base\n  udp_ports: [1, 2]\nb: *base\n';
  t.equal(parseConfig(text, 'f', 'a').frames, 3);
  t.match(refusal(text, 'b'), [/udp_ports is missing/]);
});

t.test('what is no YAML is refused with its line', async (t) => {
  t.match(refusal('a:\n  b: [1, 2\nc: }'), [/^\d: not YAML: /]);
  t.match(refusal('a: 1\na: 2\n'), [/^2: not YAML: Map keys must be unique/]);
  t.match(refusal(''), [/holds no detectors/]);
  t.match(refusal('- 1\n'), [/holds no detectors/]);
});

t.test('a file that cannot be read is refused with the reason', async (t) => {
  t.throws(() => loadConfig(join(tmpdir(), 'no', 'such.yaml'), 'a'), {
    message: /such\.yaml: no such file/,
    exitCode: 2,
  });
  t.throws(() => loadConfig(tmpdir(), 'a'), { message: /is a directory/, exitCode: 2 });
});

t.test('every detector of the example file loads', async (t) => {
  for (const name of ['softimax-eiger', 'cosaxs-eiger', 'bench-eiger'])
    t.equal(loadConfig(exampleFile, name).name, name);
  t.throws(() => loadConfig(exampleFile, 'softimax-receiver'), { message: /entry of another program/, exitCode: 2 });
});

t.test(
  'instances that share a detector: the offset is below the stride, the series are armed, a host name gives the number',
  async (t) => {
    const shared = (lines: readonly string[], hostName: string | null = null): unknown => {
      try {
        return parseConfig(entry('series: armed', ...lines), 'f.yaml', 'a', hostName).share;
      } catch (error) {
        return (error as Error).message;
      }
    };
    t.strictSame(shared(['frames_stride: 4', 'frames_offset: 3']), { stride: 4, offset: 3 });
    t.match(
      shared(['frames_stride: 4', 'frames_offset: 4']),
      /frames_offset: 4 is not possible with frames_stride: 4: needs 0 to 3/,
    );
    t.match(shared(['frames_stride: 0']), /frames_stride: 0 is not allowed/);
    t.match(shared(['frames_offset: podname']), /"podname" is not allowed: needs .* or hostname/);
    t.strictSame(shared(['frames_stride: 4', 'frames_offset: hostname'], 'jungfrau-2'), { stride: 4, offset: 2 });
    t.strictSame(shared(['frames_stride: 12', 'frames_offset: hostname'], 'jungfrau-4m-11.ns.svc'), {
      stride: 12,
      offset: 11,
    });
    t.match(
      shared(['frames_stride: 4', 'frames_offset: hostname'], 'jungfrau-4'),
      /says 4, but frames_stride: 4 has only 0 to 3.*replicas/,
    );
    t.match(
      shared(['frames_stride: 4', 'frames_offset: hostname'], 'ingest'),
      /"ingest", does not end in a hyphen and a number/,
    );
    t.strictSame(
      shared(['frames_stride: 4', 'frames_offset: hostname']),
      { stride: 4, offset: 0 },
      'where it is only looked at',
    );
    t.throws(
      () => parseConfig(entry('frames_stride: 2'), 'f.yaml', 'a'),
      /2 is not possible with series: auto.*vdcu arm --endpoints/,
    );
  },
);

t.test('a file without end, or larger than any configuration, is refused before it is looked into', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-large-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const entry = 'det:\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n';
  const large = join(folder, 'large.yaml');
  writeFileSync(
    large,
    `${entry}  ports_off: [${Array.from({ length: 280_000 }, (_, index) => 50_001 + (index % 9)).join(', ')}]\n`,
  );
  for (const file of [large, ...(existsSync('/dev/zero') ? ['/dev/zero'] : [])]) {
    t.throws(
      () => loadConfig(file, 'det'),
      {
        name: 'OperatorError',
        exitCode: 2,
        message: /is larger than 262144 bytes.*[Rr]ight file|is larger than 262144 bytes/,
      },
      file,
    );
  }
  const fits = join(folder, 'fits.yaml');
  writeFileSync(fits, `${entry}${`# ${'x'.repeat(100)}\n`.repeat(2000)}`);
  t.equal(loadConfig(fits, 'det').name, 'det');
  t.end();
});

t.test('thousands of wrong values or keys of a file that is not too large end in a bounded message', (t) => {
  const entry = 'det:\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n';
  const lists = ['ports_off', 'pin_cpus'].map(
    (key) => `  ${key}: [${Array.from({ length: 5000 }, (_, index) => 50_001 + (index % 9)).join(', ')}]\n`,
  );
  for (const more of [...lists, Array.from({ length: 5000 }, (_, index) => `  k${index}: 1\n`).join('')]) {
    let message = '';
    try {
      parseConfig(entry + more, 'f', 'det');
    } catch (error) {
      message = (error as Error).message;
    }
    t.match(message, /det/);
    t.ok(message.split('\n').length <= 51 && message.length < 20_000, `${message.length} characters`);
  }
  t.end();
});

t.test('metadata_defaults are what an HDF5 file can hold', async (t) => {
  const entry = (text: string): string =>
    `det: {detector: eiger, quad: true, udp_ports: [1, 2], metadata_defaults: ${text}}`;
  const { metadataDefaults } = parseConfig(
    entry('{sensor_material: Si, exptime: 0.5, source: {ring: r3}}'),
    'a.yaml',
    'det',
  );
  t.strictSame(metadataDefaults, { sensor_material: 'Si', exptime: 0.5, source: { ring: 'r3' } });
  for (const [text, problem] of [
    ['{a: null}', /metadata_defaults: .*a: is null/],
    ['{data: 1}', /metadata_defaults: .*data: the file writer makes a dataset/],
    ['{exptime: long}', /metadata_defaults: .*exptime: is a string/],
    ['{save_raw: "no"}', /metadata_defaults: .*save_raw: is a string/],
    ['3', /metadata_defaults: .*needs a map/],
    [`${'{a: '.repeat(40)}1${'}'.repeat(40)}`, /metadata_defaults: .*nested deeper/],
  ] as const)
    t.throws(() => parseConfig(entry(text), 'a.yaml', 'det'), { message: problem }, text);
});
