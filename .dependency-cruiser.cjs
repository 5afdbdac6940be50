// Import directions, checked: base ← memory, detector ← config, runtime ← udp, assembly, stream, control ← roots. Folders of one
// level do not import each other, except that assembly reads packets through udp's interface. Types count like values.

/** What each folder of src/ may import, besides itself. The roots (main.ts, service.ts, …, commands/) may import everything. */
const below = {
  base: [],
  memory: ['base'],
  detector: ['base'],
  config: ['base', 'memory', 'detector'],
  runtime: ['base', 'memory', 'detector'],
  udp: ['base', 'memory', 'detector', 'config', 'runtime'],
  assembly: ['base', 'memory', 'detector', 'config', 'runtime'],
  stream: ['base', 'memory', 'detector', 'config', 'runtime'],
  control: ['base', 'memory', 'detector', 'config', 'runtime'],
  // Runs in the browser: nothing of the service goes there.
  page: [],
};

/** Single files that may be imported across a level, as interfaces: whose folder may import which files. */
const interfaces = {
  assembly: ['src/udp/packet-source\\.ts$'],
  // What page and service say to each other is written once.
  control: ['src/stream/series-types\\.ts$', 'src/page/(messages|preview-bytes)\\.ts$'],
};

const directions = Object.entries(below).map(([folder, allowed]) => ({
  name: `src-${folder}`,
  comment: `src/${folder} may import only ${[folder, ...allowed].map((name) => `src/${name}`).join(', ')}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|simulators|test|bench)/',
    pathNot: [`^src/(${[folder, ...allowed].join('|')})/`, ...(interfaces[folder] ?? []).map((file) => `^${file}`)],
  },
}));

/** A package with one importing file. */
const onlyIn = (packageName, file) => ({
  name: `${packageName}-in-one-file`,
  comment: `${packageName} is imported by ${file} only`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^${file.replaceAll('.', '\\.')}$` },
  to: { path: `node_modules/${packageName}/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'modules must not import each other in a circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', comment: 'an import that leads nowhere', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...directions,
    {
      name: 'simulators',
      comment: 'simulators know the detector and the foundations, not the service: a shared codec would hide a shared mistake',
      severity: 'error',
      from: { path: '^simulators/' },
      to: { path: '^(src|test|bench)/', pathNot: '^src/(detector|base)/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(src|simulators)/' },
      to: { path: '^(test|bench)/' },
    },
    // The sink of zeromq.js, and the finder of libzmq inside the package's addon.
    onlyIn('zeromq', 'src/stream/(zmq-sink|libzmq).ts'),
    onlyIn('koffi', 'src/runtime/ffi.ts'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.json', '.cjs'] },
  },
};
