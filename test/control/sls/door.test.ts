import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import t from 'tap';
import type { Test } from 'tap';
import { Random } from '../../../src/base/random.js';
import { openReceiverDoor } from '../../../src/control/sls/door.js';
import type { DoorOptions, ReceiverDoor } from '../../../src/control/sls/door.js';
import { functions } from '../../../src/control/sls/functions.js';
import { makeLogger } from '../../../src/runtime/log.js';
import { callBytes, callOver, chars, i32, sentenceOf, setupBytes } from './client.js';
import { PlayedService, silentLogger } from './played-service.js';

async function open(t: Test, options: Partial<DoorOptions> = {}): Promise<ReceiverDoor & { service: PlayedService }> {
  const service = new PlayedService();
  const door = await openReceiverDoor(service.group, {
    host: '127.0.0.1',
    ports: [0, 0],
    allowed: [],
    logger: silentLogger,
    ...options,
  });
  t.teardown(() => door.close());
  return { ...door, service };
}

t.test('each module has its port; a call is answered in whatever pieces it comes', async (t) => {
  const { ports, service } = await open(t);
  t.equal(ports.length, 2);
  const [first = 0, second = 0] = ports;
  const setup = callBytes('F_SETUP_RECEIVER', setupBytes());
  t.equal((await callOver(first, setup.subarray(0, 2), setup.subarray(2, 700), setup.subarray(700))).length, 20);
  t.equal(service.group.receivers[0]?.isSetUp, true);
  t.equal(service.group.receivers[1]?.isSetUp, false);
  t.match(sentenceOf(await callOver(second, callBytes('F_GET_RECEIVER_STATUS'))), /not set up/);
  t.match((await callOver(second, callBytes('F_GET_RECEIVER_VERSION'))).toString('utf8', 4), /^10\.0\.1 0x261005\0/);
});

t.test('a client that is silent keeps nobody waiting, and is cut off', async (t) => {
  const { ports } = await open(t, { limits: { callMs: 300, replyMs: 300, connections: 4 } });
  const [port = 0] = ports;
  const silent = callOver(port, Buffer.from([4]));
  for (let call = 0; call < 20; call++)
    t.equal((await callOver(port, callBytes('F_GET_RECEIVER_VERSION'))).length, 1004, `call ${call}`);
  t.equal((await silent).length, 0);
});

t.test('more connections than are allowed are closed, and others come when there is room', async (t) => {
  const { ports } = await open(t, { limits: { callMs: 60_000, replyMs: 300, connections: 2 } });
  const [port = 0] = ports;
  const waiting = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all(waiting.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const version = callBytes('F_GET_RECEIVER_VERSION');
  t.equal((await callOver(port, version).catch(() => Buffer.alloc(0))).length, 0);
  await Promise.all(waiting.map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy())));
  let answer = Buffer.alloc(0);
  for (let look = 0; look < 100 && answer.length === 0; look++)
    answer = Buffer.from(await callOver(port, version).catch(() => Buffer.alloc(0)));
  t.equal(answer.length, 1004);
});

t.test('a call that breaks off, or says too much, harms nobody', async (t) => {
  const { ports } = await open(t);
  const [port = 0] = ports;
  t.equal((await callOver(port, i32(516), Buffer.alloc(200_000))).length, 1004);
  t.match(sentenceOf(await callOver(port, i32(700))), /^Unrecognized Function enum700: .* Set receiver_release/);
  await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(callBytes('F_SET_RECEIVER_FILE_PATH', chars('/x', 10))));
    socket.on('close', resolve).resume();
  });
  await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(callBytes('F_GET_RECEIVER_VERSION'));
      socket.resetAndDestroy();
    });
    socket.on('close', resolve);
  });
  t.equal((await callOver(port, callBytes('F_GET_RECEIVER_VERSION'))).length, 1004);
});

t.test('calls from other addresses are refused, and the log says so once', async (t) => {
  const lines: string[] = [];
  const into = new Writable({
    write(line, _encoding, done) {
      lines.push(String(line));
      done();
    },
  });
  const { ports } = await open(t, { allowed: ['10.0.0.0/8'], logger: makeLogger('info', 'quad', into) });
  for (let call = 0; call < 100; call++) {
    const answer = await callOver(ports[call % 2], callBytes('F_GET_RECEIVER_VERSION')).catch(() => Buffer.alloc(0));
    t.equal(answer.length, 0);
  }
  t.equal(lines.length, 1);
  t.match(lines[0], /a call from 127\.0\.0\.1 .* was refused/);
});

t.test('a port that is taken is named, and no listener stays open', async (t) => {
  const { ports, service } = await open(t);
  await t.rejects(
    openReceiverDoor(service.group, {
      host: '127.0.0.1',
      ports: [0, ports[0]],
      allowed: [],
      logger: silentLogger,
    }),
    { message: /receiver port \d+ on 127.0.0.1 is taken: another receiver/ },
  );
});

/** Connections of random bytes; CALLS=100000 for a long look. */
const calls = Math.min(Number(process.env['CALLS'] ?? 600), 100_000);
const atOnce = 40;

t.test(
  'many connections at once, of all numbers to 2000, cut, long, in pieces between those of others',
  { timeout: 60_000 + 10 * calls },
  async (t) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
    t.comment(`SEED=${seed}`);
    const random = new Random(seed);
    const { ports, service } = await open(t, { limits: { callMs: 500, replyMs: 500, connections: 64 } });
    for (const index of [0, 1]) await service.call(index, callBytes('F_SETUP_RECEIVER', setupBytes({ index })));
    const kinds = { nothing: 0, refused: 0, answered: 0 };
    for (let begun = 0; begun < calls; begun += atOnce) {
      const sockets = Array.from({ length: atOnce }, () => new Caller(ports[random.integer(2)] ?? 0, random));
      for (let left = sockets; left.length > 0; left = left.filter((socket) => socket.more)) {
        random.pick(left).sendPiece();
        if (random.chance(0.05)) await new Promise(setImmediate);
      }
      for (const socket of sockets) {
        const reply = await socket.reply;
        if (reply.length === 0) kinds.nothing++;
        else if (sentenceOf(reply) !== null) kinds.refused++;
        else kinds.answered++;
        if (reply.length === 1004 && sentenceOf(reply) === '') t.fail(`${socket.what}: a refusal without a sentence`);
        if (reply.length > 0 && reply.length < 4) t.fail(`${socket.what}: ${reply.length} bytes`);
      }
      for (const receiver of service.group.receivers) receiver.lockedBy = null;
    }
    t.comment(JSON.stringify(kinds));
    t.ok(
      Object.values(kinds).every((count) => count > calls / 100),
      'of each kind some',
    );
    t.equal((await callOver(ports[0], callBytes('F_GET_RECEIVER_VERSION'))).length, 1004, 'and an ordinary call');
  },
);

/** A connection whose call is sent in pieces, when asked for the next one. */
class Caller {
  readonly what: string;
  readonly reply: Promise<Buffer>;
  readonly #socket: Socket;
  readonly #pieces: Buffer[] = [];

  constructor(port: number, random: Random) {
    const any = random.chance(0.3) ? random.integer(2001) : 514 + random.integer(109);
    // (Starts and stops wait for other modules, by a clock that stands still here.)
    const id = any === functions.F_START_RECEIVER.id || any === functions.F_STOP_RECEIVER.id ? 516 : any;
    const small = random.chance(0.5);
    const size = random.pick([0, 1, 3, 4, 8, 16, 1000, 1272, 1300, 70_000]);
    const argument = Buffer.from(Uint8Array.from({ length: size }, () => random.integer(small ? 3 : 256)));
    const bytes = Buffer.concat([i32(id), argument]);
    for (let at = 0; at < bytes.length;) {
      const next = Math.min(bytes.length, at + random.pick([1, 2, 5, 700, 70_000]));
      // A few pieces are enough to be between others.
      const end = this.#pieces.length < 8 ? next : bytes.length;
      this.#pieces.push(bytes.subarray(at, end));
      at = end;
    }
    this.what = `${id} with ${size} bytes`;
    this.#socket = connect(port, '127.0.0.1');
    const parts: Buffer[] = [];
    this.#socket.on('data', (part: Buffer) => parts.push(part));
    this.#socket.on('error', () => undefined);
    this.#socket.on('end', () => this.#socket.end());
    this.reply = new Promise((resolve) => this.#socket.on('close', () => resolve(Buffer.concat(parts))));
  }

  get more(): boolean {
    return this.#pieces.length > 0;
  }

  sendPiece(): void {
    const piece = this.#pieces.shift();
    if (piece !== undefined && this.#socket.writable) this.#socket.write(piece);
  }
}
