import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { flightReport } from '../../src/http/flight-schemas.js';
import type { FlightReport } from '../../src/flight/report.js';
import { FlightRecorder } from '../../src/flight/recorder.js';
import type { FlightRecorderDeps, WrittenRecording } from '../../src/flight/recorder.js';
import { makeApp } from '../../src/http/http.js';
import { portCounter, portCounterTable } from '../../src/memory/counters.js';
import { makeLogger } from '../../src/runtime/log.js';
import { captureOf, openCapture } from '../../simulators/files/capture/capture.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { small } from '../pipeline/small.js';
import { HandMadeView } from '../view/hand-made-view.js';
import { differences } from './schema-check.js';

interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly udp_ports?: number[];
  readonly file?: string;
  readonly msg: string;
}

function recorderOf(
  { config, plan, map, buffer, clock }: Pipeline,
  level: 'info' | 'debug' = 'info',
  files?: FlightRecorderDeps['files'],
): { recorder: FlightRecorder; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const logger = makeLogger(level, 'det', { write: (line) => lines.push(JSON.parse(line) as LogLine) });
  const deps = { config, plan, map, buffer, clock, logger, ...(files === undefined ? {} : { files }) };
  return { recorder: new FlightRecorder(deps), lines };
}

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-flights-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const post = { method: 'POST', url: '/api/v1/flight-recorder' } as const;

async function ask(t: Test, recorder: FlightRecorder) {
  const app = await makeApp(new HandMadeView(), {
    logger: makeLogger('error', 'quad', { write: () => undefined }),
    build: { version: '0', backend: 'x' },
    flightRecorder: () => recorder,
  });
  t.teardown(() => app.close());
  return app.inject(post);
}

t.test('without a folder the answer is the capture file', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 5);
  const answer = await ask(t, recorderOf(pipeline).recorder);
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['content-type'], 'application/vnd.tcpdump.pcap');
  t.match(answer.headers['content-disposition'], /^attachment; filename="det-\d{8}T\d{6}\.\d{3}Z-request\.pcap"$/);
  t.equal([...captureOf('x', answer.rawPayload).records()].length, 40);
});

t.test('with a folder capture file and report are written there, and named', async (t) => {
  const folder = join(folderFor(t), 'made', 'when missing');
  const pipeline = small({ flight_recorder_dir: JSON.stringify(folder) });
  pipeline.arm();
  pipeline.play(1, 5);
  const answer = await ask(t, recorderOf(pipeline).recorder);
  t.equal(answer.statusCode, 201);
  const written = answer.json<WrittenRecording>();
  t.strictSame(differences(written, flightReport), []);
  t.equal([...openCapture(written.pcap_file).records()].length, 40);
  t.strictSame(JSON.parse(readFileSync(written.report_file, 'utf8')), written.report);
  t.match(written.report, {
    detector: 'det',
    reason: 'request',
    packets: 40,
    ports: [
      {
        udp_port: 50001,
        packets: 20,
        missing_packets: 0,
        loss_began: false,
        classes: [{ class: 'accepted', count: 20, first_frame_number: 1, last_frame_number: 5 }],
      },
      {},
    ],
  });
  t.strictSame(readdirSync(folder).length, 2, 'nothing half written is left');
});

t.test('a recorder that is off says how to switch it on; a folder that cannot be written is an error', async (t) => {
  const off = await ask(t, recorderOf(small({ flight_recorder_packets: 0 })).recorder);
  t.equal(off.statusCode, 503);
  t.match(off.json(), { problems: [/flight_recorder_packets/] });
  const file = join(folderFor(t), 'file');
  writeFileSync(file, '');
  const { recorder } = recorderOf(small({ flight_recorder_dir: file }));
  t.equal((await ask(t, recorder)).statusCode, 500);
});

t.test('a burst of losses is recorded when it begins, once, with what was lost', async (t) => {
  const folder = folderFor(t);
  const pipeline = small({ flight_recorder_dir: folder });
  const { recorder, lines } = recorderOf(pipeline);
  recorder.watch();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 20);
  recorder.watch();
  await recorder.close();
  t.strictSame(readdirSync(folder), []);
  for (const frame of [21, 22]) {
    pipeline.send(0, frame, [0, 1, 3]);
    pipeline.send(1, frame);
    pipeline.play(frame + 100, frame);
  }
  pipeline.play(23, 30);
  recorder.watch();
  pipeline.send(0, 31, [0]);
  pipeline.send(1, 31);
  pipeline.play(32, 40);
  recorder.watch();
  await recorder.close();
  const [report, pcap] = readdirSync(folder).sort();
  t.match(pcap, /^det-\d{8}T\d{6}\.\d{3}Z-loss\.pcap$/);
  const told = JSON.parse(readFileSync(join(folder, report), 'utf8')) as FlightReport;
  t.match(told, {
    reason: 'loss',
    ports: [
      { udp_port: 50001, loss_began: true, missing_packets: 2 },
      { udp_port: 50002, loss_began: false, missing_packets: 0 },
    ],
  });
  t.match(lines, [
    {
      event: 'loss_begins',
      level: 'warn',
      udp_ports: [50001],
      file: join(folder, pcap),
      msg: /vdcu explain/,
    },
  ]);
  t.equal(lines.length, 1);
});

t.test('a loss that comes and goes all night is a warning every ten minutes, a detail between', async (t) => {
  const pipeline = small();
  const { recorder, lines } = recorderOf(pipeline, 'debug');
  const [one, other] = pipeline.map.portCounters.map(
    (at) => new Float64Array(pipeline.buffer, at, portCounterTable.length),
  );
  const lose = (counters: Float64Array): void => {
    pipeline.clock.advance(11_000);
    counters[portCounter.missing]++;
    recorder.watch();
  };
  recorder.watch();
  // Eleven minutes.
  for (let loss = 0; loss < 60; loss++) lose(one);
  t.equal(lines.length, 60);
  t.match(
    lines.filter(({ level }) => level !== 'debug'),
    [
      { event: 'loss_begins', level: 'warn', udp_ports: [50001] },
      { event: 'loss_begins', level: 'warn', udp_ports: [50001] },
    ],
  );
  t.equal(lines.filter(({ level }) => level !== 'debug').length, 2);
  t.equal(lines[55]?.level, 'warn', '605 s after the first');
  lose(other);
  t.match(lines.at(-1), { level: 'warn', udp_ports: [50002] }, 'another port is told at once');
});

t.test('an image that the end of its series cuts off is no loss; one that lacked a packet before is', async (t) => {
  for (const end of ['consumer lost', 'stopped'] as const) {
    const pipeline = small({ frame_timeout_ms: 500 });
    const { recorder, lines } = recorderOf(pipeline);
    recorder.watch();
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.play(1, 20);
    pipeline.send(0, 21, [0, 1]);
    pipeline.settle();
    if (end === 'stopped') pipeline.stop();
    else pipeline.sink.disconnect();
    pipeline.run(200);
    t.equal(pipeline.summaries.length, 1, end);
    t.match(
      pipeline.summaries[0]?.ledger,
      [
        { missing: 2, cut_off: 2, unexplained: 0 },
        { missing: 4, cut_off: 4, unexplained: 0 },
      ],
      'the sums keep them',
    );
    recorder.watch();
    await recorder.close();
    t.strictSame(lines, [], end);
  }
  const pipeline = small();
  const { recorder, lines } = recorderOf(pipeline);
  recorder.watch();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [0]);
  pipeline.play(2, 20);
  pipeline.send(0, 21, [0]);
  pipeline.settle();
  pipeline.sink.disconnect();
  pipeline.run(200);
  recorder.watch();
  await recorder.close();
  t.match(lines, [{ event: 'loss_begins', udp_ports: [50001, 50002] }]);
});

t.test('frames of which no port saw anything before a silent series ended are a loss', async (t) => {
  const pipeline = small({ series_timeout_ms: 5000 });
  const { recorder, lines } = recorderOf(pipeline);
  recorder.watch();
  pipeline.arm({ firstFrameNumber: 1, frames: 10 });
  pipeline.play(1, 7);
  pipeline.run(6000, 50);
  t.match(pipeline.summaries, [{ frames: 10, complete: 7 }]);
  recorder.watch();
  await recorder.close();
  t.match(lines, [{ event: 'loss_begins', udp_ports: [50001, 50002] }]);
});

t.test('a loss that cannot be recorded is said in the log, with what to do', async (t) => {
  const file = join(folderFor(t), 'file');
  writeFileSync(file, '');
  for (const [keys, says] of [
    [{ flight_recorder_dir: file }, /cannot be written.*flight_recorder_dir/],
    [{}, /a recording made now tells which \(docs\/operating\.md#flight-recorder\)$/],
  ] as const) {
    const pipeline = small(keys);
    const { recorder, lines } = recorderOf(pipeline);
    recorder.watch();
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.send(0, 1, [0]);
    pipeline.run(60);
    recorder.watch();
    await recorder.close();
    await new Promise((resolve) => setImmediate(resolve));
    t.match(lines, [{ msg: says }]);
  }
});

t.test('the newest recordings are kept, and what is not ours', async (t) => {
  const folder = folderFor(t);
  const pipeline = small({ flight_recorder_dir: folder });
  const { recorder } = recorderOf(pipeline);
  writeFileSync(join(folder, 'det-notes.pcap'), '');
  writeFileSync(join(folder, 'det-2-20000101T000000.000Z-loss.pcap'), '');
  const names: string[] = [];
  for (let count = 0; count < 23; count++) {
    pipeline.clock.advance(1);
    const recording = recorder.take('request');
    names.push(recording.name);
    await recorder.write(recording);
  }
  const left = readdirSync(folder);
  t.equal(left.length, 42);
  t.ok(left.includes('det-notes.pcap') && left.includes('det-2-20000101T000000.000Z-loss.pcap'));
  for (const [index, name] of names.entries())
    t.equal(left.includes(`${name}.pcap`) && left.includes(`${name}.json`), index >= 3, name);
});

t.test('recordings that nobody fetches do not pile up', async (t) => {
  const waiting: (() => void)[] = [];
  const { recorder } = recorderOf(small({ flight_recorder_dir: folderFor(t) }));
  const slow = {
    on: true,
    folder: 'x',
    take: (reason: 'request') => recorder.take(reason),
    write: () =>
      new Promise<WrittenRecording>((_, reject) => {
        waiting.push(() => reject(new Error('no room')));
      }),
  } as unknown as FlightRecorder;
  const app = await makeApp(new HandMadeView(), {
    logger: makeLogger('fatal' as 'error', 'quad', { write: () => undefined }),
    build: { version: '0', backend: 'x' },
    flightRecorder: () => slow,
  });
  t.teardown(() => app.close());
  const asked = Array.from({ length: 4 }, () => app.inject(post));
  while (waiting.length < 4) await new Promise((resolve) => setImmediate(resolve));
  t.match(await app.inject(post), { statusCode: 503, payload: /Ask again/ });
  for (const fail of waiting) fail();
  for (const answer of await Promise.all(asked)) t.equal(answer.statusCode, 500);
  const again = app.inject(post);
  while (waiting.length < 5) await new Promise((resolve) => setImmediate(resolve));
  waiting[4]?.();
  t.equal((await again).statusCode, 500, 'one that failed makes room, too');
});

t.test('a capture file that was fetched makes room for the next', async (t) => {
  const off = recorderOf(small()).recorder;
  const app = await makeApp(new HandMadeView(), {
    logger: makeLogger('error', 'quad', { write: () => undefined }),
    build: { version: '0', backend: 'x' },
    flightRecorder: () => off,
  });
  t.teardown(() => app.close());
  for (let count = 0; count < 6; count++) t.equal((await app.inject(post)).statusCode, 200);
});

t.test('a folder that does not answer holds nobody up', async (t) => {
  const never = new Promise<never>(() => undefined);
  const { recorder, lines } = recorderOf(small({ flight_recorder_dir: '/somewhere' }), 'info', {
    clean: () => never,
    write: () => never,
  });
  recorder.start();
  await recorder.close(20);
  t.match(lines, [{ event: 'recorder_given_up', msg: /\/somewhere does not answer/ }]);
});
