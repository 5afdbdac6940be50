import t from 'tap';
import type { Datagram } from '../../../simulators/detector/detector.js';
import { openDestinations, RoundRobinSender } from '../../../simulators/detector/round-robin.js';
import type { DatagramSender } from '../../../simulators/detector/udp-sender.js';

class Collector implements DatagramSender {
  readonly frames: number[] = [];
  errors = 0;
  lastError: string | null = null;
  closed = false;

  sendBatch(batch: readonly Datagram[]): Promise<void> {
    for (const { bytes, round } of batch)
      this.frames.push(
        bytes.length < 8 ? -round : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)),
      );
    return Promise.resolve();
  }

  get sent(): number {
    return this.frames.length;
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function datagram(frameNumber: number, round: number, length = 48): Datagram {
  const bytes = new Uint8Array(48);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(frameNumber), true);
  return { portIndex: 0, udpPort: 50001, round, dueMs: 0, bytes: bytes.subarray(0, length) };
}

t.test(
  "each frame goes to its turn's destination, whole, also packets that leave rounds later, and large numbers",
  async (t) => {
    const first = 2 ** 40;
    const [a, b, c] = [new Collector(), new Collector(), new Collector()];
    const sender = new RoundRobinSender([a, b, c], first);
    await sender.sendBatch([0, 0, 1, 2, 3, 1].map((index, round) => datagram(first + index, round)));
    t.strictSame(
      [a, b, c].map(({ frames }) => frames.map((frame) => frame - first)),
      [[0, 0, 3], [1, 1], [2]],
    );
    t.equal(sender.sent, 6);
    b.errors = 2;
    b.lastError = 'no route';
    t.match([sender.errors, sender.lastError], [2, 'no route']);
    await sender.close();
    t.ok([a, b, c].every(({ closed }) => closed));
  },
);

t.test('a datagram that was cut off before its frame number goes by its round', async (t) => {
  const [a, b] = [new Collector(), new Collector()];
  await new RoundRobinSender([a, b], 1).sendBatch([datagram(1, 3, 7)]);
  t.strictSame([a.frames, b.frames], [[], [-3]]);
});

t.test(
  'a list of addresses: each port has its own, each address one sender, and one source port cannot serve two',
  async (t) => {
    const opened = new Map<string, Collector>();
    const open = async (host: string): Promise<{ sender: DatagramSender }> => {
      const sender = new Collector();
      opened.set(host, sender);
      return { sender };
    };
    const options = {
      udpHost: ['10.0.0.1', '10.0.0.2', '10.0.0.1'],
      udpPorts: [50001, 50002, 50003],
      sourcePort: null,
      firstFrame: 1,
    };
    const { sender } = await openDestinations(options, open);
    await sender.sendBatch([50001, 50002, 50003].map((udpPort, index) => ({ ...datagram(index + 1, 0), udpPort })));
    t.strictSame(
      [...opened].map(([host, { frames }]) => [host, frames]),
      [
        ['10.0.0.1', [1, 3]],
        ['10.0.0.2', [2]],
      ],
    );
    t.equal(sender.sent, 3);
    await sender.close();
    t.ok([...opened.values()].every(({ closed }) => closed));
    await t.rejects(openDestinations({ ...options, sourcePort: 5 }, open), /one source port/);
    await openDestinations({ ...options, udpHost: ['10.0.0.1', '10.0.0.1', '10.0.0.1'], sourcePort: 5 }, open);
  },
);
