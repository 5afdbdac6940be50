// Several sockets as one, with sockets that do as they are told.

import t from 'tap';
import type { RefusedPeer } from '../../../src/contract/refused-peers.js';
import type { SendBuffer, Undelivered } from '../../../src/contract/series.js';
import { endServed, mostPeers, served, socketsOf } from '../../../src/stream/output/message-sink.js';
import type { MessageKind, MessageSink, Offer } from '../../../src/stream/output/message-sink.js';
import { SocketsSink } from '../../../src/stream/output/sockets-sink.js';

class Socket implements MessageSink {
  answer: Offer = 'sent';
  settled: Offer = 'sent';
  unfinished = false;
  peers = 1;
  disconnects = 0;
  underway: Undelivered | null = { messages: 0, bytes: 0 };
  lost: Undelivered | null = { messages: 0, bytes: 0 };
  delivered = Infinity;
  kept = 0;
  waited: number[] = [];
  refused: RefusedPeer[] = [];
  sendBuffer: SendBuffer | null = { requestedBytes: 100, grantedBytes: 90 };
  readonly taken: string[] = [];
  readonly #name: string;
  #offered = '';

  constructor(name: string) {
    this.#name = name;
  }

  open(): Promise<string> {
    return Promise.resolve(`tcp://127.0.0.1:${this.#name}`);
  }

  offer(parts: readonly Uint8Array[]): Offer {
    this.#offered = Buffer.concat(parts).toString();
    if (this.answer === 'sent') this.taken.push(this.#offered);
    return this.answer;
  }

  poll(): void {
    this.taken.push('poll');
  }

  outcome(): Offer {
    if (this.settled === 'sent') this.taken.push(this.#offered);
    return this.settled;
  }

  keep(): void {
    this.kept++;
  }

  takeLoss(): number {
    return this.delivered;
  }

  awaitRoom(milliseconds: number): boolean {
    this.waited.push(milliseconds);
    return true;
  }

  takeRefused(): readonly RefusedPeer[] {
    return this.refused.splice(0);
  }

  close(lingerMs: number): Promise<Undelivered | null> {
    return Promise.resolve({ messages: 1, bytes: lingerMs });
  }
}

function make(count: number): {
  sink: SocketsSink;
  sockets: Socket[];
  send: (kind: MessageKind, text: string) => Offer;
} {
  const sockets = Array.from({ length: count }, (_, index) => new Socket(String(9999 - index)));
  const sink = new SocketsSink(sockets);
  return { sink, sockets, send: (kind, text) => sink.offer([Buffer.from(text)], kind) };
}

t.test('header and end leave by the first socket, images in turns, each series from the first on', async (t) => {
  const { sockets, send, sink } = make(3);
  for (const series of ['A', 'B']) {
    send('headers', `${series}h`);
    for (let image = 0; image < 4; image++) send('images', `${series}${image}`);
    send('seriesEnds', `${series}e`);
  }
  t.strictSame(
    sockets.map(({ taken }) => taken),
    [
      ['Ah', 'A0', 'A3', 'Ae', 'Bh', 'B0', 'B3', 'Be'],
      ['A1', 'B1'],
      ['A2', 'B2'],
    ],
  );
  t.strictSame(sink.takenBy, [8, 2, 2]);
});

t.test('a series whose header leaves elsewhere begins at the first socket, too', async (t) => {
  const { sink, sockets, send } = make(2);
  sink.begins();
  send('images', 'A1');
  send('seriesEnds', 'Ae');
  sink.begins();
  for (let image = 0; image < 10; image++) send('images', `B${image}`);
  t.strictSame(
    sockets.map(({ taken }) => taken),
    [
      ['A1', 'Ae', 'B0', 'B2', 'B4', 'B6', 'B8'],
      ['B1', 'B3', 'B5', 'B7', 'B9'],
    ],
  );
  // Before B there were two. The second has acknowledged B1, B3 and B5: of B everything up to B6.
  sockets[1].delivered = 3;
  t.equal(sink.takeLoss?.(), 2 + 7);
  // The first has A1, the end of A, B0 and B2: of B everything up to B3.
  sockets[0].delivered = 4;
  t.equal(sink.takeLoss?.(), 2 + 4);
});

t.test('a socket that takes nothing has the next image all the same: nothing passes it', async (t) => {
  const { sockets, send, sink } = make(2);
  send('headers', 'h');
  send('images', '0');
  sockets[1].answer = 'full';
  t.equal(send('images', '1'), 'full');
  t.equal(sink.waitsFor, 1);
  t.ok(sink.awaitRoom(4), 'the wait is for that socket');
  t.strictSame([sockets[0].waited, sockets[1].waited], [[], [4]]);
  sockets[1].answer = 'sent';
  t.equal(send('images', '1'), 'sent');
  t.equal(sink.waitsFor, -1);
  t.notOk(sink.awaitRoom(4), 'nothing is waited for any more');
  t.strictSame(sockets[0].taken, ['h', '0']);
  t.strictSame(sockets[1].taken, ['1']);
});

t.test('what is pending is asked of its own socket, kept there, and counts when it was taken', async (t) => {
  const { sockets, send, sink } = make(2);
  send('headers', 'h');
  send('images', '0');
  sockets[1].answer = sockets[1].settled = 'pending';
  t.equal(send('images', '1'), 'pending');
  t.equal(sink.outcome(), 'pending');
  t.throws(() => send('images', '2'), /while another is pending/);
  sink.keep?.();
  t.strictSame([sockets[0].kept, sockets[1].kept], [0, 1]);
  sockets[1].settled = 'sent';
  t.equal(sink.outcome(), 'sent');
  t.strictSame(sink.takenBy, [2, 1]);
  t.equal(send('images', '2'), 'sent');
  t.strictSame(sockets[0].taken, ['h', '0', '2']);
  sockets[1].settled = 'full';
  t.equal(send('images', '3'), 'pending');
  t.equal(sink.outcome(), 'full', 'given back: its turn is still that of this socket');
  sockets[1].answer = 'sent';
  send('images', '3');
  t.strictSame(sockets[1].taken, ['1', '3']);
});

t.test(
  'an end waits until no image is left in this process, a header until the machines have everything',
  async (t) => {
    const { sockets, send, sink } = make(3);
    send('headers', 'h');
    for (let image = 0; image < 3; image++) send('images', String(image));
    sockets[2].unfinished = true;
    t.equal(send('seriesEnds', 'e'), 'full');
    t.equal(sink.waitsFor, 2);
    t.ok(sink.unfinished);
    sockets[2].unfinished = false;
    sockets[1].underway = { messages: 1, bytes: 10 };
    t.equal(send('seriesEnds', 'e'), 'sent', 'what the kernel has is handed over');
    t.equal(send('headers', 'h'), 'full', 'a header overtakes nothing that is on its way');
    t.equal(sink.waitsFor, 1);
    sockets[1].underway = { messages: 0, bytes: 0 };
    sockets[0].underway = { messages: 1, bytes: 10 };
    t.equal(send('headers', 'h'), 'full', 'nor what is before it');
    sockets[0].underway = null;
    t.equal(send('headers', 'h'), 'sent', 'where nobody can tell nothing is waited for');
  },
);

t.test('what was delivered ends at the first image that some socket still has', async (t) => {
  const { sockets, send, sink } = make(3);
  send('headers', 'h0');
  send('images', 'x');
  send('seriesEnds', 'e0');
  send('headers', 'h');
  // Number of the header among all messages, and with it the header itself.
  const before = 4;
  for (let image = 0; image < 8; image++) send('images', String(image));
  t.equal(sink.takeLoss?.(), before + 8, 'nobody lacks anything');
  // Images 1, 4, 7 are its own; it has got the first two.
  sockets[1].delivered = 2;
  t.equal(sink.takeLoss?.(), before + 7);
  // Images 2 and 5; of these the second is on its way.
  sockets[2].underway = { messages: 1, bytes: 1 };
  t.equal(sink.takeLoss?.(), before + 5);
  // The first socket had four messages up to the header; image 0 is its fifth.
  sockets[0].delivered = 4;
  t.equal(sink.takeLoss?.(), before);
  sockets[0].delivered = 3;
  t.ok((sink.takeLoss?.() ?? 0) < before, 'not even the header');
  sockets[0].delivered = Infinity;
  sockets[1].delivered = Infinity;
  sockets[2].underway = { messages: 0, bytes: 0 };
  send('seriesEnds', 'e');
  sockets[0].delivered = 7;
  t.equal(sink.takeLoss?.(), before + 8, 'all images, and no end');
});

t.test('a message that is pending is not on its way twice', async (t) => {
  const { sockets, send, sink } = make(2);
  send('headers', 'h');
  send('images', '0');
  send('images', '1');
  send('images', '2');
  sockets[1].answer = 'pending';
  send('images', '3');
  sockets[1].underway = { messages: 1, bytes: 1 };
  t.equal(sink.takeLoss?.(), 4);
});

t.test('figures are those of all; one socket that cannot tell makes them unknown', async (t) => {
  const { sockets, sink } = make(2);
  t.equal(await sink.open(), 'tcp://127.0.0.1:9999,tcp://127.0.0.1:9998');
  t.strictSame(sink.endpoints, ['tcp://127.0.0.1:9999', 'tcp://127.0.0.1:9998']);
  sockets[0].peers = 2;
  sockets[1].peers = 0;
  sockets[1].disconnects = 3;
  t.match(sink, { peers: 2, disconnects: 3 });
  t.notOk(served(sink), 'a socket without a consumer is none that images may go to');
  t.ok(endServed(sink), 'an end leaves by the first');
  t.equal(mostPeers(sink), 2);
  sockets[1].peers = 1;
  t.ok(served(sink));
  t.strictSame(socketsOf(sink), sockets);
  sockets[0].underway = { messages: 2, bytes: 20 };
  sockets[1].underway = { messages: 1, bytes: 5 };
  t.strictSame(sink.underway, { messages: 3, bytes: 25 });
  sockets[0].lost = { messages: 1, bytes: 7 };
  t.strictSame(sink.lost, { messages: 1, bytes: 7 });
  sockets[1].lost = sockets[1].underway = null;
  t.equal(sink.underway, null);
  t.equal(sink.lost, null);
  t.strictSame(sink.sendBuffer, { requestedBytes: 100, grantedBytes: 90 });
  sockets[1].sendBuffer = { requestedBytes: 100, grantedBytes: 50 };
  t.equal(sink.sendBuffer?.grantedBytes, 50, 'the smallest');
  sockets[1].sendBuffer = null;
  t.equal(sink.sendBuffer, null);
  t.strictSame(sink.takeRefused(), []);
  sockets[1].refused = [{ reason: 'too_many', address: '192.0.2.7:1' }];
  t.match(sink.takeRefused(), [{ reason: 'too_many' }]);
  sink.poll();
  t.match([sockets[0].taken, sockets[1].taken], [['poll'], ['poll']]);
  t.strictSame(await sink.close(30), { messages: 2, bytes: 60 });
});

t.test('a socket that cannot be opened leaves none of the others open', async (t) => {
  const { sink, sockets } = make(3);
  const closed: number[] = [];
  sockets.forEach((socket, index) => {
    socket.close = (lingerMs) => {
      closed.push(index);
      return Promise.resolve({ messages: 0, bytes: lingerMs });
    };
  });
  sockets[2].open = () => Promise.reject(new Error('port 9997 is taken'));
  await t.rejects(sink.open(), /9997 is taken/);
  t.strictSame(closed, [0, 1]);
  t.strictSame(sink.endpoints, []);
});

t.test('what one of the sockets cannot the whole cannot', async (t) => {
  const sockets = [new Socket('1'), new Socket('2')];
  Object.assign(sockets[1], { keep: undefined, takeLoss: undefined });
  const sink = new SocketsSink(sockets);
  t.equal(sink.keep, undefined);
  t.equal(sink.takeLoss, undefined);
  t.throws(() => new SocketsSink([new Socket('1')]), /one socket is no several/);
});
