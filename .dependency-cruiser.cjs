// Import directions, checked: one row per room, each may import what is written there and itself, nothing else; the
// roots at the end import everything below them. Types count like values. docs/architecture.md shows the house.

const foundations = ['base', 'contract', 'memory', 'detector', 'config', 'runtime'];

/**
 * What each room of src/ may import, besides itself. A row names only rooms that stand above it here: no circle, and
 * the order is that of the floors.
 */
const rooms = {
  // What everybody knows.
  base: [],
  contract: ['base'],
  detector: ['base'],
  memory: ['base', 'contract', 'detector'],
  config: ['base', 'memory', 'contract', 'detector'],
  runtime: ['base', 'memory', 'contract', 'detector'],
  // The way of a packet. Its steps meet in memory and do not import each other, except that assembly reads packets
  // through udp's interface.
  udp: foundations,
  assembly: ['base', 'contract', 'memory', 'detector', 'runtime'],
  encode: foundations,
  'stream/output': foundations,
  'stream/series': [...foundations, 'stream/output'],
  stream: [...foundations, 'stream/series', 'stream/output'],
  // Beside the way: who gives orders, who looks, who tells.
  control: foundations,
  'control/sls': [...foundations, 'control'],
  doctor: foundations,
  flight: foundations,
  view: [...foundations, 'control', 'doctor'],
  metrics: [...foundations, 'doctor', 'view'],
  notify: [...foundations, 'view'],
  receiver: [...foundations, 'view'],
  'http/page': [...foundations, 'view', 'metrics'],
  http: [...foundations, 'control', 'control/sls', 'doctor', 'flight', 'view', 'metrics', 'http/page'],
  // Runs in the browser: nothing of the service goes there but the closed lists, which are pure.
  page: ['contract'],
  // The roots.
  service: [
    ...foundations,
    'udp',
    'assembly',
    'encode',
    'stream',
    'stream/series',
    'stream/output',
    'control',
    'control/sls',
    'doctor',
    'flight',
    'view',
    'metrics',
    'notify',
    'receiver',
    'http',
  ],
  convert: [...foundations, 'encode'],
  overview: [...foundations, 'view', 'http', 'http/page'],
  rehearsal: [...foundations, 'control', 'view', 'service'],
  commands: [
    ...foundations,
    'control',
    'doctor',
    'flight',
    'view',
    'metrics',
    'service',
    'rehearsal',
    'convert',
    'overview',
  ],
};

/** Single files that a room may import from another as interfaces. */
const interfaces = {
  assembly: ['src/udp/packet-source\\.ts'],
  // What page and service say to each other is written once; how a frame is asked for and refused, read and drawn, too.
  'http/page': ['src/page/(messages|preview-bytes)\\.ts', 'src/http/(api-schemas|frame-wish|frame|png)\\.ts'],
  overview: ['src/page/overview-messages\\.ts'],
  // What a token looks like, for both ends.
  commands: ['src/http/access\\.ts'],
};

/** Rooms from which commands and rehearsals are played. */
const withSimulators = new Set(['rehearsal', 'convert', 'commands']);

/** Files of a room; a room inside a room is its own. */
const inside = (room) =>
  `^src/${room}/${Object.keys(rooms)
    .filter((other) => other.startsWith(`${room}/`))
    .map((other) => `(?!${other.slice(room.length + 1)}/)`)
    .join('')}`;

const directions = Object.entries(rooms).map(([room, below]) => ({
  name: `src-${room.replace('/', '-')}`,
  comment: `src/${room} may import only ${[room, ...below].map((name) => `src/${name}`).join(', ')}`,
  severity: 'error',
  from: { path: inside(room) },
  to: {
    path: '^(src|simulators|test|bench)/',
    pathNot: [
      ...[room, ...below].map(inside),
      ...(interfaces[room] ?? []).map((file) => `^${file}$`),
      ...(withSimulators.has(room) ? ['^simulators/'] : []),
    ],
  },
}));

/** The rooms of simulators/; their commands stand at the door and import all three. */
const simulatorRooms = { detector: [], consumer: ['detector'], files: ['detector', 'consumer'] };
const simulatorDirections = Object.entries(simulatorRooms).map(([room, below]) => ({
  name: `simulators-${room}`,
  comment: `simulators/${room} may import only ${[room, ...below].map((name) => `simulators/${name}`).join(', ')}`,
  severity: 'error',
  from: { path: `^simulators/${room}/` },
  to: { path: '^simulators/', pathNot: `^simulators/(${[room, ...below].join('|')})/` },
}));

/** A package with one importing file, or one for each use. */
const onlyIn = (packageName, ...files) => ({
  name: `${packageName}-in-${files.length === 1 ? 'one-file' : 'few-files'}`,
  comment: `${packageName} is imported by ${files.join(' and ')} only`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^(${files.map((file) => file.replaceAll('.', '\\.')).join('|')})$` },
  to: { path: `node_modules/${packageName}/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'modules must not import each other in a circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'every-file-in-a-room',
      comment: 'src/ has rooms and main.ts; a new folder needs a row above',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/main\\.ts$', ...Object.keys(rooms).map((room) => `^src/${room}/`)] },
      to: {},
    },
    ...directions,
    ...simulatorDirections,
    {
      name: 'simulators',
      comment:
        'simulators know the detector and the foundations, not the service: a shared codec would hide a shared ' +
        'mistake',
      severity: 'error',
      from: { path: '^simulators/' },
      to: { path: '^(src|test|bench)/', pathNot: '^src/(detector|base)/' },
    },
    {
      name: 'outputs-behind-their-seam',
      comment: 'series and streamer know outputs by src/stream/output/output.ts; src/stream/setup.ts makes them',
      severity: 'error',
      from: { path: '^src/stream/(series/|streamer\\.ts$|output/output\\.ts$)' },
      to: { path: '^src/stream/output/(maxiv|preview)/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(src|simulators)/' },
      to: { path: '^(test|bench)/' },
    },
    // The sink of zeromq.js, and the finder of libzmq inside the package's addon.
    onlyIn('zeromq', 'src/stream/output/(zmq-sink|libzmq/libzmq).ts', 'src/service/sls-preview.ts'),
    onlyIn('koffi', 'src/runtime/ffi.ts'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json', '.cjs'],
    },
  },
};
