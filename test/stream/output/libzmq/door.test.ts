// Who is let in at a libzmq socket, asked as libzmq asks: by a REQ inside the same context (ZAP, RFC 27).

import t from 'tap';
import type { Test } from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { LibzmqDoor } from '../../../../src/stream/output/libzmq/door.js';
import { loadLibzmq, zmq } from '../../../../src/stream/output/libzmq/libzmq.js';
import type { ZmqHandle } from '../../../../src/stream/output/libzmq/libzmq.js';

const library = await loadLibzmq();
const skip = typeof library === 'string' ? library : false;
const limitMs = 2000;
const oneGoesOn = (): number => 1;
/** ZMQ_DEALER: asks several times without an answer, as libzmq's own connections do together. */
const dealer = 5;

function site(t: Test): { door: LibzmqDoor; ask: (host: string) => Asking } {
  if (typeof library === 'string') throw new Error(library);
  const context = library.ctxNew();
  const door = new LibzmqDoor(library, context, limitMs);
  t.ok(door.ready);
  const asking: Asking[] = [];
  t.teardown(async () => {
    asking.forEach((one) => one.close());
    door.close();
    await new Promise<void>((resolve) => library.ctxTerm(context, () => resolve()));
  });
  return {
    door,
    ask: (host) => {
      const socket = library.socket(context, dealer);
      library.connect(socket, 'inproc://zeromq.zap.01');
      const parts = ['', '1.0', '1', 'vdcu', host, '', 'NULL'].map((text) => new TextEncoder().encode(text));
      parts.forEach((part, index) =>
        library.send(socket, part, part.length, index === parts.length - 1 ? zmq.dontwait : zmq.dontwait | zmq.sndmore),
      );
      const one = new Asking(socket);
      asking.push(one);
      return one;
    },
  };
}

class Asking {
  readonly socket: ZmqHandle;
  #closed = false;
  constructor(socket: ZmqHandle) {
    this.socket = socket;
  }
  close(): void {
    if (typeof library !== 'string' && !this.#closed) library.close(this.socket);
    this.#closed = true;
  }
  /** The parts of the answer; none = not answered. */
  answer(): string[] {
    if (typeof library === 'string') throw new Error(library);
    const parts: string[] = [];
    const scratch = new Uint8Array(256);
    for (
      let length = library.recv(this.socket, scratch, 256, zmq.dontwait);
      length >= 0;
      length = library.recv(this.socket, scratch, 256, zmq.dontwait)
    )
      parts.push(new TextDecoder().decode(scratch.subarray(0, length)));
    return parts;
  }
}

t.test('one who asks is let in while there is a place, and a place is promised once', { skip }, async (t) => {
  const { door, ask } = site(t);
  const [first, second] = [ask('10.0.0.1'), ask('10.0.0.2')];
  await sleep(20);
  door.listen(0);
  door.admit(1, 0, oneGoesOn);
  t.strictSame(first.answer(), ['', '1.0', '1', '200', '', '', '']);
  t.strictSame(second.answer(), [], 'no word for who waits');
  t.strictSame(
    [door.isPromised('10.0.0.1'), door.isWaiting('10.0.0.2'), door.isWaiting('10.0.0.1')],
    [true, true, false],
  );
  door.arrived('10.0.0.1');
  door.admit(0, 1, oneGoesOn);
  t.strictSame(second.answer(), [], 'the place is taken');
  door.admit(1, 2, oneGoesOn);
  t.equal(second.answer()[3], '200', 'a place is free again');
});

t.test('a promise that nobody takes up ends with the time of a handshake, and so does waiting', { skip }, async (t) => {
  const { door, ask } = site(t);
  ask('10.0.0.1');
  const [second, third] = [ask('10.0.0.2'), ask('10.0.0.3')];
  await sleep(20);
  door.listen(0);
  door.admit(1, 0, oneGoesOn);
  door.admit(1, limitMs - 1, oneGoesOn);
  t.ok(door.isPromised('10.0.0.1') && door.isWaiting('10.0.0.2'));
  door.admit(1, limitMs, oneGoesOn);
  t.notOk(door.isPromised('10.0.0.1') || door.isWaiting('10.0.0.2'));
  t.strictSame([...second.answer(), ...third.answer()], [], 'libzmq has closed them: nobody is let in who is gone');
});

t.test('no more than 64 wait, and the oldest go first', { skip }, async (t) => {
  const { door, ask } = site(t);
  for (let index = 0; index < 70; index++) ask(`10.0.0.${index}`);
  await sleep(50);
  door.listen(0);
  t.equal(
    Array.from({ length: 70 }, (_, index) => index).filter((index) => door.isWaiting(`10.0.0.${index}`)).length,
    64,
  );
  t.notOk(door.isWaiting('10.0.0.0'));
});

t.test('no place is promised to a connection that has ended', { skip }, async (t) => {
  const { door, ask } = site(t);
  const [gone, here] = [ask('10.0.0.1'), ask('10.0.0.2')];
  await sleep(20);
  door.listen(0);
  gone.close();
  // libzmq's own thread closes it.
  for (let turn = 0; turn < 10; turn++) {
    await sleep(50);
    door.listen(1);
  }
  door.admit(1, 1, oneGoesOn);
  t.equal(here.answer()[3], '200');
  t.notOk(door.isPromised('10.0.0.1'));
});

t.test('a place whose connection has ended in its handshake is promised anew', { skip }, async (t) => {
  const { door, ask } = site(t);
  ask('10.0.0.1');
  const second = ask('10.0.0.2');
  await sleep(20);
  door.listen(0);
  door.admit(1, 0, () => 0);
  door.admit(1, 249, () => 0);
  t.strictSame(second.answer(), [], 'it may not have begun');
  door.admit(1, 250, oneGoesOn);
  t.strictSame(second.answer(), [], 'it goes on');
  door.admit(1, 251, () => 0);
  t.equal(second.answer()[3], '200');
});
