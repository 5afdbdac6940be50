import t from 'tap';
import type { Test } from 'tap';
import { Worker } from 'node:worker_threads';
import { parseSource } from '../../src/config/networks.js';
import type { UdpSource } from '../../src/config/networks.js';
import { SenderWords, senderWordsBytes } from '../../src/memory/sender-words.js';
import { senderText } from '../../src/runtime/socket-address.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { RecvmmsgSource } from '../../src/udp/recvmmsg-source.js';
import type { RecvmmsgSourceOptions } from '../../src/udp/recvmmsg-source.js';
import { SourceGroup } from '../../src/udp/source-group.js';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { portMemory } from './port-memory.js';
import { numbered, Sender } from './sender.js';
import { strangerWithDrops } from './stranger.js';

const missing = ffiUnavailable();
const skip = missing === null ? {} : { skip: missing };
const packetBytes = 4144;
const sourceOf = (address: string, port: number | null = null): UdpSource => ({
  ...(parseSource(address) as UdpSource),
  port,
});

function makeSource(
  changes: Partial<RecvmmsgSourceOptions> = {},
  landingPackets = 32,
  coalescedBuffers = 0,
): RecvmmsgSource {
  return new RecvmmsgSource({
    ...portMemory(landingPackets, packetBytes, coalescedBuffers),
    host: '127.0.0.1',
    udpPort: 0,
    sources: [],
    receiveBufferBytes: 1 << 20,
    waitMs: 0,
    coalesce: coalescedBuffers > 0,
    ...changes,
  });
}

interface Got {
  readonly bytes: Buffer;
  readonly length: number;
  readonly foreign: boolean;
  readonly sender: number;
}

/** Everything that is in the socket. */
function receiveAll(source: RecvmmsgSource): Got[] {
  const got: Got[] = [];
  for (;;) {
    const count = source.receive();
    if (count > source.landing.capacity) throw new Error('more than the capacity');
    for (let index = 0; index < count; index++) {
      const { offsets, lengths, senders, bytes, stride } = source.landing;
      const at = offsets[index];
      const length = lengths[index];
      got.push({
        bytes: Buffer.from(bytes.slice(at, at + Math.min(length, stride))),
        length,
        foreign: senders[index] === 0,
        sender: senders[index],
      });
    }
    if (source.empty) return got;
  }
}

/** Do they arrive as they were sent? */
function same(t: Test, got: readonly Got[], sent: readonly Uint8Array[]): void {
  t.equal(got.length, sent.length);
  got.forEach(({ bytes, length }, index) => {
    const wanted = sent[index];
    if (length !== wanted.length || bytes.compare(wanted) !== 0) t.fail(`datagram ${index} differs`);
  });
}

t.test('bytes arrive intact and in order, over several batches', skip, async (t) => {
  const source = makeSource();
  const info = await source.open();
  t.match(info, { address: '127.0.0.1', receiveBufferRequestedBytes: 1 << 20 });
  const sender = new Sender('127.0.0.1', info.udpPort);
  const sent = Array.from({ length: 75 }, (_, index) => numbered(index, index % 5 === 0 ? 1000 + index : packetBytes));
  t.equal(source.receive(), 0);
  t.equal(source.empty, true);
  for (const bytes of sent) sender.send(bytes);
  t.equal(source.receive(), 32);
  t.equal(source.empty, false, 'a full batch leaves it open whether there is more');
  for (const bytes of sent.slice(0, 32)) sender.send(bytes);
  same(t, receiveAll(source), [...sent.slice(32), ...sent.slice(0, 32)]);
  t.equal(source.kernelDrops(), 0);
  sender.close();
  await source.close();
  await source.close();
  t.equal(source.receive(), 0);
});

t.test('a datagram longer than its buffer shows its true length, and an empty one has length 0', skip, async (t) => {
  const source = makeSource();
  const { udpPort } = await source.open();
  const sender = new Sender('127.0.0.1', udpPort);
  const sizes = [packetBytes, packetBytes + 1, 9000, 65507, 0, 1, 40, packetBytes];
  sizes.forEach((size, index) => sender.send(numbered(index, size)));
  const got = receiveAll(source);
  t.strictSame(
    got.map(({ length }) => length),
    sizes,
  );
  got.forEach(({ bytes }, index) =>
    t.equal(bytes.compare(numbered(index, sizes[index]).subarray(0, source.landing.stride)), 0),
  );
  sender.close();
  await source.close();
});

t.test('IPv6: bytes arrive; a wildcard address takes IPv4 too', skip, async (t) => {
  for (const [host, to] of [
    ['::1', '::1'],
    ['::', '::1'],
    ['::', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
  ] as const) {
    const source = makeSource({ host });
    const { udpPort } = await source.open();
    const sender = new Sender(to, udpPort);
    sender.send(numbered(3, packetBytes));
    same(t, receiveAll(source), [numbered(3, packetBytes)]);
    sender.close();
    await source.close();
  }
});

t.test('who is not the configured source is foreign, by address and by port', skip, async (t) => {
  for (const [host, to, own, other] of [
    ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.3'],
    ['::', '127.0.0.1', '127.0.0.2', '127.0.0.3'],
    ['::', '::1', '::1', null],
  ] as const) {
    for (const coalescedBuffers of [0, 4]) {
      const probe = new Sender(to, 9, own);
      const ownPort = probe.socket.udpPort;
      const byAddress = makeSource({ host, sources: [sourceOf(own)] }, 32, coalescedBuffers);
      const byPort = makeSource({ host, sources: [sourceOf(own, ownPort)] }, 32, coalescedBuffers);
      for (const [source, verdicts] of [
        [byAddress, [false, false, true]],
        [byPort, [false, true, true]],
      ] as const) {
        const { udpPort } = await source.open();
        const senders = [own, other].filter((from) => from !== null).map((from) => new Sender(to, udpPort, from));
        // The probe sends from the very port that is configured.
        probe.sendTo(to, udpPort, numbered(1, 100));
        for (const sender of senders) sender.send(numbered(2, 100));
        t.strictSame(
          receiveAll(source).map(({ foreign }) => foreign),
          verdicts.slice(0, senders.length + 1),
          `${host} ${own} ${coalescedBuffers}`,
        );
        for (const sender of senders) sender.close();
        await source.close();
      }
      probe.close();
    }
  }
});

t.test('each sender has a word of its own, whatever port it sends from, and can be named', skip, async (t) => {
  for (const [host, to, first, second] of [
    ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.3'],
    ['::', '127.0.0.1', '127.0.0.2', '127.0.0.3'],
    ['::', '::1', '::1', null],
  ] as const) {
    for (const coalescedBuffers of [0, 4]) {
      const source = makeSource({ host }, 32, coalescedBuffers);
      const { udpPort } = await source.open();
      const senders = [first, second ?? first, first].map((from) => new Sender(to, udpPort, from));
      for (const sender of senders) sender.send(numbered(1, 100));
      t.equal(source.receive(), 3);
      const words = [...source.landing.senders.subarray(0, 3)];
      t.notOk(words.includes(0));
      t.equal(words[0], words[2], 'one machine, two ports');
      if (second !== null) t.not(words[0], words[1]);
      senders.forEach((sender, index) => {
        const named = new SenderWords(new SharedArrayBuffer(senderWordsBytes), 0);
        source.tellSender(index, named);
        const address = [first, second ?? first, first][index] as string;
        const text = address.includes(':') ? `[${address}]` : address;
        t.equal(senderText(named.address as Uint8Array), `${text}:${sender.socket.udpPort}`);
        sender.close();
      });
      await source.close();
    }
  }
});

t.test('an IPv6 source on an IPv4 socket is refused', skip, async (t) => {
  await t.rejects(makeSource({ sources: [sourceOf('::1')] }).open(), {
    name: 'OperatorError',
    message: /udp_source ::1 is an IPv6 address/,
  });
  const mapped = makeSource({ sources: [sourceOf('::ffff:127.0.0.1')] });
  const { udpPort } = await mapped.open();
  const sender = new Sender('127.0.0.1', udpPort);
  sender.send(numbered(1, 8));
  t.strictSame(
    receiveAll(mapped).map(({ foreign }) => foreign),
    [false],
  );
  sender.close();
  await mapped.close();
});

t.test('kernel drops are sent − received, the tail of the burst included', skip, async (t) => {
  const source = makeSource({ receiveBufferBytes: 65536 });
  const info = await source.open();
  t.equal(info.receiveBufferRequestedBytes, 65536);
  t.equal(info.receiveBufferGrantedBytes, 65536);
  const sender = new Sender('127.0.0.1', info.udpPort);
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 200; index++) sender.send(numbered(index, packetBytes));
  }
  const first = receiveAll(source).length;
  t.ok(first > 0 && first < 600);
  t.equal(source.kernelDrops(), 600 - first);
  t.equal(readUdpSocket('127.0.0.1', info.udpPort)?.drops, 600 - first, '/proc/net/udp says the same');
  for (let index = 0; index < 200; index++) sender.send(numbered(index, packetBytes));
  t.ok((source.queueBytes() ?? 0) > packetBytes);
  const second = receiveAll(source).length;
  t.equal(source.queueBytes(), 0);
  sender.close();
  await source.close();
  t.equal(source.kernelDrops(), 800 - first - second, 'and is kept after the socket was closed');
});

t.test("of two sockets on one address and port only the own one's drops count", skip, async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const source = makeSource({ host, receiveBufferBytes: 65536 });
    const { udpPort, inode } = await source.open();
    const sender = new Sender(host, udpPort);
    for (let index = 0; index < 200; index++) sender.send(numbered(index, packetBytes));
    sender.close();
    const own = 200 - receiveAll(source).length;
    t.ok(own > 0);
    t.ok(strangerWithDrops(t, host, udpPort, inode as number) > 0, 'the stranger loses datagrams');
    t.equal(readUdpSocket(host, udpPort), null, 'address and port do not tell them apart');
    t.equal(source.kernelDrops(), own);
    t.equal(readUdpSocket(host, udpPort, inode)?.drops, own, '/proc/net/udp says the same of the own one');
    await source.close();
  }
});

t.test('the granted buffer is read back: more than the kernel allows is not what was asked for', skip, async (t) => {
  const source = makeSource({ receiveBufferBytes: 2 ** 31 - 1 });
  const info = await source.open();
  t.equal(info.receiveBufferRequestedBytes, 2 ** 31 - 1);
  t.ok((info.receiveBufferGrantedBytes as number) < 2 ** 31 - 1);
  t.ok((info.receiveBufferGrantedBytes as number) >= 106496);
  await source.close();
});

t.test(
  'coalesced datagrams become entries of their own: shorter last, singles between, more than a batch',
  skip,
  async (t) => {
    const source = makeSource({ receiveBufferBytes: 8 << 20 }, 32, 8);
    const { udpPort } = await source.open();
    const sender = new Sender('127.0.0.1', udpPort);
    const sent: Uint8Array[] = [];
    const burst = (count: number, size: number, last: number): void => {
      const parts = Array.from({ length: count }, (_, index) =>
        numbered(sent.length + index, index === count - 1 ? last : size),
      );
      sender.send(Buffer.concat(parts), size);
      sent.push(...parts);
    };
    const single = (size: number): void => {
      sent.push(numbered(sent.length, size));
      sender.send(sent.at(-1) as Uint8Array);
    };
    burst(15, packetBytes, packetBytes);
    burst(5, packetBytes, 100);
    single(packetBytes);
    single(0);
    burst(64, 200, 1);
    single(9000);
    for (let index = 0; index < 12; index++) burst(15, packetBytes, 40);
    same(t, receiveAll(source), sent);
    t.equal(source.kernelDrops(), 0);
    for (let index = 0; index < 40; index++) single(packetBytes);
    same(t, receiveAll(source), sent.slice(-40));
    sender.close();
    await source.close();
  },
);

t.test('without coalescing the kernel cuts what was sent as one', skip, async (t) => {
  const source = makeSource();
  const { udpPort } = await source.open();
  const sender = new Sender('127.0.0.1', udpPort);
  const parts = Array.from({ length: 15 }, (_, index) => numbered(index, index === 14 ? 7 : packetBytes));
  sender.send(Buffer.concat(parts), packetBytes);
  same(t, receiveAll(source), parts);
  sender.close();
  await source.close();
});

t.test('a taken port and an address of somebody else are told with the remedy', skip, async (t) => {
  const source = makeSource();
  const { udpPort } = await source.open();
  await t.rejects(makeSource({ udpPort }).open(), {
    name: 'OperatorError',
    exitCode: 3,
    message: new RegExp(`^port ${udpPort} on 127.0.0.1: taken by another process \\(EADDRINUSE\\).*change udp_ports`),
  });
  await t.rejects(makeSource({ host: '192.0.2.1' }).open(), {
    name: 'OperatorError',
    message: /192\.0\.2\.1: this machine has no such address \(EADDRNOTAVAIL.*Change udp_host/,
  });
  await t.rejects(makeSource({ host: 'detector' }).open(), {
    name: 'OperatorError',
    message: /"detector" is no IPv4 or IPv6 address/,
  });
  await source.close();
  const again = makeSource({ udpPort });
  t.equal((await again.open()).udpPort, udpPort, 'a closed source gives its port back');
  await again.close();
});

t.test('a receiver that waits in the kernel ends soon after it is told', skip, async (t) => {
  const worker = new Worker(new URL('./waiting-receiver.js', import.meta.url));
  const words = await new Promise<Int32Array>((resolve) => worker.once('message', resolve));
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  Atomics.store(words, 0, 1);
  t.equal(await ended, 0);
});

t.test(
  'having waited in vain, or asked what is there now, a receiver does not wait again before something has come',
  skip,
  async (t) => {
    // Longer than the whole test may last.
    const endless = 1_000_000;
    const source = makeSource({ waitMs: endless });
    const { udpPort } = await source.open();
    const sender = new Sender('127.0.0.1', udpPort);
    sender.send(numbered(0, 10));
    t.equal(source.receive(), 1);
    source.lookAnew();
    t.equal(source.receive(), 0, 'a command asks what waits');
    t.ok(source.empty);
    t.equal(source.receive(), 0);
    t.equal(new SourceGroup([source]).wait(0), 0);
    sender.send(numbered(1, 10));
    t.equal(new SourceGroup([source]).wait(endless), 1);
    t.equal(source.receive(), 1);
    sender.close();
    await source.close();

    const patient = makeSource({ waitMs: 20 });
    await patient.open();
    t.equal(patient.receive(), 0, 'in vain');
    t.ok(patient.empty);
    t.equal(patient.receive(), 0);
    await patient.close();
  },
);

t.test('several ports in one thread: woken by the one that has something', skip, async (t) => {
  const sources = [makeSource(), makeSource()] as const;
  const ports = [await sources[0].open(), await sources[1].open()] as const;
  const group = new SourceGroup(sources);
  t.equal(group.wait(1), 0);
  t.strictSame([group.ready(0), group.ready(1)], [false, false]);
  const sender = new Sender('127.0.0.1', ports[1].udpPort);
  sender.send(numbered(0, 10));
  t.equal(group.wait(10_000), 1);
  t.strictSame([group.ready(0), group.ready(1)], [false, true]);
  t.equal(sources[0].receive(), 0);
  t.equal(sources[1].receive(), 1);
  sender.close();
  for (const source of sources) await source.close();
  t.equal(new SourceGroup(sources).wait(0), 0, 'closed ones are passed over');
});
