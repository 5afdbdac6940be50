// All benchmarks one after the other, and their figures into the documentation: JSON is written where --write says, and
// the tables between the marks `<!-- bench:name -->` and `<!-- /bench:name -->` of --render are made from it. Nothing
// is typed in by hand.
//
//   node dist/bench/run-all.js [--runs 5] [--minutes 10] [--only receive,ports] [--against FOLDER] [--rates 500,1000]
//   [--bitshuffle FOLDER] [--write docs/performance.json] [--render docs/performance.md]
//   node dist/bench/run-all.js --from docs/performance.json --render docs/performance.md      (measure nothing)
// With --write the figures of benchmarks that are not run stay as they are. --minutes 0 leaves the memory benchmark
// out.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { commandLine } from './command-line.js';
import { coldDefaults, coldTables, measureCold } from './cold.js';
import type { ColdResult } from './cold.js';
import { compressedDefaults, compressedTables, measureCompressed } from './compressed.js';
import type { CompressedResult } from './compressed.js';
import { costOf, planningTables } from './planning.js';
import { compilePrograms } from './compile.js';
import { encodeDefaults, encodeTables, measureEncode } from './encode.js';
import type { EncodeResult } from './encode.js';
import { latencyDefaults, latencyTables, measureLatency } from './latency.js';
import type { LatencyResult } from './latency.js';
import { describeMachine, machineText } from './machine.js';
import type { Machine } from './machine.js';
import { lossCurveDefaults, lossCurveTables, measureLossCurve } from './loss-curve.js';
import type { LossCurveResult } from './loss-curve.js';
import { measureMemory, memoryDefaults, memoryTables } from './memory.js';
import type { MemoryResult } from './memory.js';
import { measureNeighbour, neighbourDefaults, neighbourTables } from './neighbour.js';
import type { NeighbourResult } from './neighbour.js';
import { measureOverload, overloadDefaults, overloadTables } from './overload.js';
import type { OverloadResult } from './overload.js';
import { measurePictures, picturesDefaults, picturesTables } from './pictures.js';
import type { PicturesResult } from './pictures.js';
import { measurePipeline, pipelineDefaults, pipelineTables } from './pipeline.js';
import type { PipelineResult } from './pipeline.js';
import { measurePorts, portsDefaults, portsTables } from './ports.js';
import type { PortsResult } from './ports.js';
import { measureReceive, receiveDefaults, receiveTables } from './receive.js';
import type { ReceiveResult } from './receive.js';
import { measureSockets, socketsDefaults, socketsTables } from './sockets.js';
import type { SocketsResult } from './sockets.js';
import { measureThreads, threadsDefaults, threadsTables } from './threads.js';
import type { ThreadsResult } from './threads.js';
import { measureViewers, viewersDefaults, viewersTables } from './viewers.js';
import type { ViewersResult } from './viewers.js';

/** Everything that was measured. */
export interface Results {
  machine?: Machine;
  receive?: ReceiveResult;
  pipeline?: PipelineResult;
  lossCurve?: LossCurveResult;
  threads?: ThreadsResult;
  neighbour?: NeighbourResult;
  cold?: ColdResult;
  latency?: LatencyResult;
  memory?: MemoryResult;
  ports?: PortsResult;
  overload?: OverloadResult;
  viewers?: ViewersResult;
  pictures?: PicturesResult;
  sockets?: SocketsResult;
  compressed?: CompressedResult;
  encode?: EncodeResult;
}

const { options } = commandLine({
  runs: 5,
  minutes: 10,
  only: '',
  seconds: 3,
  searchSeconds: 10,
  against: '',
  rates: pipelineDefaults.rates,
  write: '',
  render: '',
  from: '',
  bitshuffle: '',
});
const { runs, minutes, seconds, searchSeconds } = options;
const wanted = (name: string): boolean => options.only === '' || options.only.split(',').includes(name);
const kept = options.from === '' ? options.write : options.from;
const results: Results = kept !== '' && existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as Results) : {};
// Figures of before runs could be refused: their tables stand in the documentation as they are until measured anew.
if (results.receive?.rows.some((row) => !('refused' in row)) === true) delete results.receive;
if (results.pipeline?.costs.some((row) => !('refused' in row)) === true) delete results.pipeline;

if (options.from === '') {
  results.machine = describeMachine((await compilePrograms()).compiler);
  say(machineText(results.machine));
  if (wanted('receive'))
    say(receiveTables((results.receive = await measureReceive({ ...receiveDefaults, runs, seconds }))));
  keep();
  if (wanted('pipeline'))
    say(
      pipelineTables(
        (results.pipeline = await measurePipeline({
          ...pipelineDefaults,
          runs,
          seconds,
          searchSeconds,
          rates: options.rates,
          against: options.against,
        })),
      ),
    );
  keep();
  if (wanted('loss-curve'))
    say(lossCurveTables((results.lossCurve = await measureLossCurve({ ...lossCurveDefaults, runs, seconds }))));
  keep();
  if (wanted('threads'))
    say(threadsTables((results.threads = await measureThreads({ ...threadsDefaults, runs, seconds }))));
  keep();
  if (wanted('neighbour'))
    say(neighbourTables((results.neighbour = await measureNeighbour({ ...neighbourDefaults, seconds }))));
  keep();
  if (wanted('cold')) say(coldTables((results.cold = await measureCold({ ...coldDefaults, runs }))));
  keep();
  if (wanted('latency'))
    say(
      latencyTables(
        (results.latency = await measureLatency({ ...latencyDefaults, runs, seconds, against: options.against })),
      ),
    );
  keep();
  if (wanted('ports')) say(portsTables((results.ports = await measurePorts({ ...portsDefaults, runs, seconds }))));
  keep();
  if (wanted('overload')) say(overloadTables((results.overload = await measureOverload(overloadDefaults))));
  keep();
  if (wanted('viewers'))
    say(viewersTables((results.viewers = await measureViewers({ ...viewersDefaults, runs, seconds }))));
  keep();
  if (wanted('pictures')) say(picturesTables((results.pictures = await measurePictures(picturesDefaults))));
  keep();
  if (wanted('sockets'))
    say(socketsTables((results.sockets = await measureSockets({ ...socketsDefaults, runs, seconds }))));
  keep();
  if (wanted('compressed'))
    say(
      compressedTables(
        (results.compressed = await measureCompressed({
          ...compressedDefaults,
          runs,
          seconds,
          searchSeconds,
        })),
      ),
    );
  keep();
  if (wanted('encode'))
    say(encodeTables((results.encode = measureEncode({ ...encodeDefaults, bitshuffle: options.bitshuffle }))));
  keep();
  if (wanted('memory') && minutes > 0)
    say(memoryTables((results.memory = await measureMemory({ ...memoryDefaults, minutes }))));
  keep();
}
if (options.render !== '') render(options.render);

function say(text: string): void {
  process.stdout.write(`${text}\n\n`);
}

function keep(): void {
  if (options.write !== '') writeFileSync(options.write, `${JSON.stringify(results, null, 1)}\n`);
}

/** Replace what stands between the marks. */
function render(file: string): void {
  const parts: Record<string, string | undefined> = {
    machine: results.machine === undefined ? undefined : machineText(results.machine),
    receive: results.receive === undefined ? undefined : receiveTables(results.receive),
    pipeline: results.pipeline === undefined ? undefined : pipelineTables(results.pipeline),
    'loss-curve': results.lossCurve === undefined ? undefined : lossCurveTables(results.lossCurve),
    cold: results.cold === undefined ? undefined : coldTables(results.cold),
    neighbour: results.neighbour === undefined ? undefined : neighbourTables(results.neighbour),
    threads: results.threads === undefined ? undefined : threadsTables(results.threads),
    latency: results.latency === undefined ? undefined : latencyTables(results.latency),
    ports: results.ports === undefined ? undefined : portsTables(results.ports),
    overload: results.overload === undefined ? undefined : overloadTables(results.overload),
    viewers: results.viewers === undefined ? undefined : viewersTables(results.viewers),
    pictures: results.pictures === undefined ? undefined : picturesTables(results.pictures),
    sockets: results.sockets === undefined ? undefined : socketsTables(results.sockets),
    compressed: results.compressed === undefined ? undefined : compressedTables(results.compressed),
    encode: results.encode === undefined ? undefined : encodeTables(results.encode),
    memory: results.memory === undefined ? undefined : memoryTables(results.memory),
    cost: results.pipeline === undefined ? undefined : costOf(results.pipeline),
    planning: planningTables(),
  };
  let text = readFileSync(file, 'utf8');
  for (const [name, content] of Object.entries(parts)) {
    const marked = new RegExp(`(<!-- bench:${name} -->\\n)[^]*?(<!-- /bench:${name} -->)`);
    if (!marked.test(text)) throw new Error(`${file} has no place for ${name}`);
    if (content !== undefined)
      text = text.replace(marked, (_, before: string, after: string) => `${before}${content}\n${after}`);
  }
  writeFileSync(file, text);
}
