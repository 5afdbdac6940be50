import t from 'tap';
import { ReceiverAgent } from '../../src/assembly/receiver-agent.js';
import type { ReceiverPort } from '../../src/assembly/receiver-agent.js';
import { ReceivePause } from '../../src/assembly/receive-pause.js';

/** A thread of two ports that find so many datagrams in each turn; a turn takes 10 µs, a sleep as long as it is. */
function thread(
  found: () => readonly [number, number],
  grantedBytes: number,
  landing = { stride: 4224, buffers: 256, capacity: 256 },
) {
  let now = 0;
  const sleeps: number[] = [];
  const asked: number[] = [];
  const ports = [0, 1].map((port) => ({
    source: {
      landing,
      open: () =>
        Promise.resolve({
          address: '127.0.0.1',
          udpPort: 50001 + port,
          receiveBufferRequestedBytes: grantedBytes,
          receiveBufferGrantedBytes: grantedBytes,
          inode: null,
        }),
      close: () => Promise.resolve(),
    },
    assembler: {
      lacking: port === 0 ? 64 : 20,
      noteSocket: () => undefined,
      turn: (at: number) => (asked.push(at), found()[port]),
    },
  })) as unknown as ReceiverPort[];
  const pause = new ReceivePause(2);
  const sleep = (microseconds: number): void => {
    sleeps.push(microseconds);
    now += microseconds / 1000;
  };
  const agent = new ReceiverAgent('receiver', ports, () => now, { pause, sleep });
  const turns = (count: number): void => {
    for (let turn = 0; turn < count; turn++) {
      now += 0.01;
      agent.turn();
    }
  };
  return { agent, sleeps, asked, turns };
}

t.test(
  'a thread sleeps when its ports together bring few datagrams per turn at a high rate, and takes all ports after it',
  async (t) => {
    const { agent, sleeps, asked, turns } = thread(() => [1, 1], 4_000_000);
    await agent.start();
    turns(18);
    t.strictSame(sleeps, []);
    asked.length = 0;
    turns(1);
    t.strictSame(sleeps, [200], 'the 20 that the port lacks which is nearest to its end, at 1 in 10 µs');
    t.equal(asked.length, 2);
    t.equal(asked[0], asked[1]);
    await agent.close();
  },
);

t.test('the smallest socket buffer bounds the sleep, and none that is known forbids it', async (t) => {
  const small = thread(() => [1, 1], 50_000);
  await small.agent.start();
  small.turns(19);
  t.strictSame(small.sleeps.slice(0, 1), [26], 'a quarter of the ten datagrams or so that it holds, at 1 in 10 µs');
  const unknown = thread(() => [1, 1], 0);
  await unknown.agent.start();
  unknown.turns(64);
  t.strictSame(unknown.sleeps, []);
});

t.test('nothing found: no sleep, so that what comes next is not waited for', async (t) => {
  let packets = 1;
  const { agent, sleeps, turns } = thread(() => [packets, 0], 4_000_000);
  await agent.start();
  turns(19);
  t.equal(sleeps.length, 1);
  packets = 0;
  turns(20);
  t.equal(sleeps.length, 2);
});

t.test('coalesced, the buffers hold several datagrams each: the sleep is as long as for single ones', async (t) => {
  const { agent, sleeps, turns } = thread(() => [6, 6], 4_000_000, { stride: 65536, buffers: 20, capacity: 256 });
  await agent.start();
  turns(19);
  t.strictSame(sleeps, [33], '20 datagrams of a port at 6 in 10 µs');
});

t.test('a port that cannot be opened leaves none of its thread open: who tries again finds them free', async (t) => {
  const open = new Set<number>();
  const ports = [0, 1, 2].map((port) => ({
    source: {
      landing: { stride: 4224, buffers: 256, capacity: 256 },
      open: () => {
        if (port === 2) return Promise.reject(new Error('port 50003 is taken'));
        open.add(port);
        return Promise.resolve({ receiveBufferRequestedBytes: 0, receiveBufferGrantedBytes: 0 });
      },
      close: () => {
        open.delete(port);
        return Promise.resolve();
      },
    },
    assembler: { noteSocket: () => undefined },
  })) as unknown as ReceiverPort[];
  await t.rejects(new ReceiverAgent('receiver', ports, () => 0, null).start(), /50003 is taken/);
  t.strictSame([...open], []);
});
