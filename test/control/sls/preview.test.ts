import t from 'tap';
import { detectorNamed, freshSettings } from '../../../src/control/sls/module-settings.js';
import type { ModuleSettings } from '../../../src/control/sls/module-settings.js';
import { Preview } from '../../../src/control/sls/preview.js';
import { setup } from '../../../src/control/sls/setup.js';
import type { Setup } from '../../../src/control/sls/setup.js';
import { callBytes, i32, sentenceOf, setupBytes } from './client.js';
import { PlayedService } from './played-service.js';

type Told = Record<string, unknown>;

const quadYaml =
  '\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n  receiver_ports: [1954]\n  sls_preview: true';

/** A ring, sockets and time that the test moves on. */
class Played {
  now = 0;
  newest = -1;
  /** Frames before this one are gone. */
  oldest = 0;
  taken: number | null = null;
  fails = false;
  /** By port of the stream: what was sent. */
  readonly sent = new Map<number, Told[]>();
  readonly closed: number[] = [];
  look: () => void = () => undefined;
  readonly preview = new Preview({
    clock: { now: () => this.now },
    newest: (series) => {
      if (this.fails) throw new Error('no ring');
      return series === 7 ? this.newest : -1;
    },
    frame: (index) =>
      index < this.oldest || index > this.newest
        ? null
        : {
            frameIndex: index,
            frameNumber: index + 1,
            images: [50_001, 50_002].map((udpPort, row) => ({
              udpPort,
              bytes: Uint8Array.of(index, row),
              shape: [512, 256] as const,
              bitmode: 16,
              header: null,
              place: { row, column: 0 },
              expectedPackets: 64,
              missingPackets: row,
            })),
          },
    open: (port) => {
      if (port === this.taken) return Promise.reject(new Error(`Could not create zmq pub socket on port ${port}`));
      const sent = this.sent.get(port) ?? [];
      this.sent.set(port, sent);
      return Promise.resolve({
        send: (parts) => void sent.push({ ...(JSON.parse(parts[0] as string) as Told), parts: parts.length }),
        close: () => void this.closed.push(port),
      });
    },
    every: (_, run) => {
      this.look = run;
      return () => (this.look = () => undefined);
    },
  });

  indices(port: number): unknown[] {
    return (this.sent.get(port) ?? []).map(({ data, frameIndex }) => (data === 1 ? frameIndex : 'end'));
  }
}

const quad = (more: Partial<ModuleSettings> = {}): ModuleSettings => {
  const told = setup.read(setupBytes({ y: 1, quad: 1, frames: 10n })) as Setup;
  return { ...freshSettings(told, detectorNamed(told.detectorType) ?? 'eiger'), streaming: 1, ...more };
};

t.test('every n-th frame from the first that is wanted goes out on each socket, then one end', async (t) => {
  const played = new Played();
  const settings = quad({
    streamingFrequency: 3,
    streamingStart: 1,
    filePath: '/data',
    jsonHeader: new Map([['a', 'b']]),
  });
  await played.preview.follow(settings);
  played.preview.begin(7, [settings]);
  for (const newest of [0, 1, 2, 5, 9]) {
    played.newest = newest;
    played.look();
  }
  await played.preview.finish();
  t.strictSame(played.indices(30_001), [1, 4, 7, 'end']);
  t.strictSame(played.indices(30_002), [1, 4, 7, 'end']);
  const [first] = played.sent.get(30_002) as [Told];
  t.match(first, {
    detshape: [1, 2],
    fname: '/data/run',
    flipRows: 1,
    quad: 1,
    packetNumber: 63,
    completeImage: 0,
    parts: 2,
  });
  t.match(first, { progress: 20, acqIndex: 2, addJsonHeader: { a: 'b' }, row: 1 });
  t.match(played.sent.get(30_001)?.[0], { flipRows: 0, completeImage: 1 });
  t.match(played.sent.get(30_001)?.at(-1), { data: 0, parts: 1 });
});

t.test('frames that were sent before the end was asked for go out before it', async (t) => {
  const played = new Played();
  await played.preview.follow(quad());
  played.preview.begin(7, [quad()]);
  played.newest = 4;
  await played.preview.finish();
  t.strictSame(played.indices(30_001), [0, 1, 2, 3, 4, 'end']);
  played.look();
  t.equal(played.indices(30_001).length, 6, 'and nothing after it');
});

t.test('a ring that has gone on is followed: what is gone is skipped and counted, on all sockets', async (t) => {
  const played = new Played();
  await played.preview.follow(quad());
  played.preview.begin(7, [quad()]);
  played.newest = 2;
  played.look();
  Object.assign(played, { newest: 1000, oldest: 990 });
  played.look();
  await played.preview.finish();
  t.strictSame(played.indices(30_001).slice(0, 3), [0, 1, 2]);
  t.strictSame(played.indices(30_001), played.indices(30_002));
  t.strictSame(played.indices(30_001).slice(-2), [1000, 'end']);
  t.ok(played.preview.skipped > 900);
});

t.test('by timer the newest goes out, once', async (t) => {
  const played = new Played();
  const settings = quad({ streamingFrequency: 0, streamingTimerMs: 500 });
  await played.preview.follow(settings);
  played.preview.begin(7, [settings]);
  for (const [now, newest] of [
    [0, 3],
    [20, 4],
    [480, 40],
    [520, 44],
    [1100, 44],
    [1120, 80],
  ] as const) {
    Object.assign(played, { now, newest });
    played.look();
  }
  t.strictSame(played.indices(30_001), [3, 44, 80]);
});

t.test('one look takes only so long, whatever waits', async (t) => {
  const played = new Played();
  await played.preview.follow(quad());
  const send = played.preview;
  send.begin(7, [quad()]);
  played.newest = 100;
  const { now } = played;
  Object.defineProperty(played, 'now', { get: () => (clock += 1), configurable: true });
  let clock = now;
  played.look();
  t.ok(played.indices(30_001).length < 6, `${played.indices(30_001).length} frames, then others have their turn`);
});

t.test('an acquisition of which nothing came has its end; without sockets there is nothing', async (t) => {
  const played = new Played();
  played.preview.begin(7, [quad()]);
  await played.preview.finish();
  t.equal(played.sent.size, 0);
  await played.preview.follow(quad());
  played.preview.begin(7, [quad()]);
  await played.preview.finish();
  t.strictSame(played.indices(30_001), ['end']);
});

t.test(
  'the client switches sockets on and off, hears of a port that is taken, and may ask for the end again',
  async (t) => {
    const played = new Played();
    const service = new PlayedService(quadYaml, played.preview);
    const call = (...bytes: Parameters<typeof callBytes>): Promise<Buffer> => service.call(0, callBytes(...bytes));
    await call('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1, frames: 10n }));
    t.equal(played.sent.size, 0, 'off after the set-up');
    t.match(sentenceOf(await call('F_RESTREAM_STOP_FROM_RECEIVER')), /Streaming is disabled/);
    played.taken = 30_002;
    t.match(
      sentenceOf(await call('F_SET_RECEIVER_STREAMING', i32(1))),
      /enable to 1 \[Could not create zmq pub socket on port 30002/,
    );
    t.equal((await call('F_GET_RECEIVER_STREAMING')).readInt32LE(4), 0);
    played.taken = null;
    t.equal(sentenceOf(await call('F_SET_RECEIVER_STREAMING', i32(1))), null);
    const closed = played.closed.length;
    played.taken = 30_001;
    t.equal(sentenceOf(await call('F_SET_RECEIVER_STREAMING', i32(1))), null, 'on twice: its own port is not taken');
    t.equal(played.closed.length, closed, 'and viewers stay');
    t.equal(sentenceOf(await call('F_START_RECEIVER')), null);
    await call('F_STOP_RECEIVER', i32(0));
    t.strictSame([played.indices(30_001), played.indices(30_002)], [['end'], ['end']]);
    await call('F_RESTREAM_STOP_FROM_RECEIVER');
    t.strictSame(played.indices(30_002), ['end', 'end']);
    await call('F_SET_RECEIVER_STREAMING', i32(0));
    t.strictSame(played.closed.slice(-2), [30_001, 30_002]);
  },
);

t.test('a preview that fails at the end is told, and the receivers are idle all the same', async (t) => {
  const played = new Played();
  const service = new PlayedService(quadYaml, played.preview);
  const call = (...bytes: Parameters<typeof callBytes>): Promise<Buffer> => service.call(0, callBytes(...bytes));
  await call('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1, frames: 10n }));
  await call('F_SET_RECEIVER_STREAMING', i32(1));
  await call('F_START_RECEIVER');
  played.fails = true;
  await t.rejects(call('F_STOP_RECEIVER', i32(0)), { message: 'no ring' });
  t.equal((await call('F_GET_RECEIVER_STATUS')).readInt32LE(4), 0, 'idle');
  played.fails = false;
  t.equal(sentenceOf(await call('F_START_RECEIVER')), null, 'and the next acquisition begins');
});
