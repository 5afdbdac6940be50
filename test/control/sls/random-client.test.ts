// A client of PSI that sets, starts and stops in random order, by seeds: modules one after the other and at once, other
// doors beside it, series that end by themselves, data planes that cannot be built. Time passes when the test says so.
// What must hold: every call is answered, with the length that its function has; nothing is armed that was not asked
// for; what is armed is what the data plane is made for; and whatever came before, an ordinary client gets its series.

import t from 'tap';
import { OperatorError } from '../../../src/base/errors.js';
import { Random } from '../../../src/base/random.js';
import { Refused } from '../../../src/control/refused.js';
import type { FunctionName } from '../../../src/control/sls/functions.js';
import { callBytes, chars, i32, i64, sentenceOf, setupBytes } from './client.js';
import type { SetupFields } from './client.js';
import { PlayedService } from './played-service.js';

const seeds = 400;
const steps = 60;
const idle = 0;
const halves = '\n  detector: eiger\n  modules: [2, 1]\n  udp_ports: [50001, 50002, 50003, 50004]\n  series: armed';
const receivers = '\n  receiver_ports: [1954, 1955]';

/** Bytes of a reply that says it is done, of those that a client waits for. */
const replyBytes: Readonly<Partial<Record<FunctionName, number>>> = {
  F_LOCK_RECEIVER: 8,
  F_SETUP_RECEIVER: 20,
  F_START_RECEIVER: 4,
  F_STOP_RECEIVER: 4,
  F_GET_RECEIVER_STATUS: 8,
  F_GET_RECEIVER_PROGRESS: 12,
  F_GET_RECEIVER_FRAMES_CAUGHT: 24,
  F_SET_RECEIVER_DYNAMIC_RANGE: 8,
  F_ENABLE_RECEIVER_TEN_GIGA: 8,
  F_RECEIVER_ACTIVATE: 8,
};
const refusedBytes = 1004;

class RandomClient {
  readonly service: PlayedService;
  readonly problems: string[] = [];
  readonly #random: Random;
  readonly #waiting = new Set<string>();
  #calls = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.service = new PlayedService(`${seed % 2 === 0 ? halves : ''}${receivers}`);
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random.next() * of.length)];
  }

  /** A call that nobody waits for; its reply is looked at when it comes. */
  call(module: number, name: FunctionName, ...argument: Buffer[]): Promise<Buffer> {
    const id = `call ${++this.#calls}, ${name} of module ${module}`;
    this.#waiting.add(id);
    const reply = this.service.call(
      module,
      callBytes(name, ...argument),
      this.#one(['127.0.0.1', '127.0.0.1', '10.0.0.7']),
    );
    void reply.then(
      (bytes) => {
        this.#waiting.delete(id);
        const done = replyBytes[name] ?? 4;
        if (bytes.length !== done && sentenceOf(bytes) === null) this.problems.push(`${id}: ${bytes.length} bytes`);
        if (bytes.length === refusedBytes && sentenceOf(bytes) === '') this.problems.push(`${id}: no sentence`);
      },
      (error: unknown) => this.problems.push(`${id}: ${String(error)}`),
    );
    return reply;
  }

  step(): void {
    const { service } = this;
    const module = this.#one([0, 1]);
    const own = 50_001 + 2 * module;
    const actions: readonly (() => unknown)[] = [
      () => this.call(module, 'F_SETUP_RECEIVER', setupBytes({ index: this.#one([module, module, 1 - module]) })),
      () => this.call(module, 'F_SETUP_RECEIVER', setupBytes({ index: module, tenGiga: 0, frames: 7n })),
      () =>
        this.call(
          module,
          'F_SETUP_RECEIVER',
          setupBytes({ index: module, y: this.#one([1, 2, 3]), type: this.#one([1, 3]) }),
        ),
      () => this.call(module, 'F_SETUP_RECEIVER', setupBytes(this.#wild(module))),
      () => this.call(module, 'F_START_RECEIVER'),
      () => this.call(module, 'F_START_RECEIVER'),
      () => [0, 1].map((each) => this.call(each, 'F_START_RECEIVER')),
      () => this.call(module, 'F_STOP_RECEIVER', i32(this.#one([0, 1]))),
      () => [1, 0].map((each) => this.call(each, 'F_STOP_RECEIVER', i32(0))),
      () => this.call(module, 'F_GET_RECEIVER_STATUS'),
      () => this.call(module, 'F_GET_RECEIVER_PROGRESS'),
      () => this.call(module, 'F_GET_RECEIVER_FRAMES_CAUGHT'),
      () => this.call(module, 'F_RECEIVER_SET_NUM_FRAMES', i64(this.#one([0n, 1n, 10n, 10n]))),
      () => this.call(module, 'F_SET_RECEIVER_DYNAMIC_RANGE', i32(this.#one([4, 8, 12, 16, 32, 7]))),
      () => this.call(module, 'F_ENABLE_RECEIVER_TEN_GIGA', i32(this.#one([0, 1]))),
      () => this.call(module, 'F_RECEIVER_ACTIVATE', i32(this.#one([0, 1]))),
      () => this.call(module, 'F_SET_RECEIVER_UDP_PORT', port(this.#one([own, own, 50_002, 50_009]))),
      () => this.call(module, 'F_SET_RECEIVER_READ_N_ROWS', i32(this.#one([0, 128, 256, 3]))),
      () => this.call(module, 'F_SET_RECEIVER_FILE_WRITE', i32(this.#one([0, 1]))),
      () => this.call(module, 'F_SET_RECEIVER_FILE_PATH', chars(this.#one(['/data', 'data', '']))),
      () =>
        this.call(module, 'F_RECEIVER_SET_RECEIVER_ROI', i32(2, ...new Array<number>(8).fill(this.#one([-1, -1, 0])))),
      () => this.call(0, 'F_RECEIVER_SET_RECEIVER_ROI_METADATA', i32(1, 0, this.#one([9, 1023, 1024]), 0, 9)),
      () => this.call(module, 'F_LOCK_RECEIVER', i32(this.#one([0, 1]))),
      () => service.pass(),
      () => service.pass(),
      () => service.endSeries(),
      () => service.openElsewhere(),
      () => (service.aborted = this.#one([null, null, 'consumer_lost', 'detector_stopped'])),
      () => (service.refusal = this.#one([null, null, new Refused('no_consumer', ['no consumer is connected'])])),
      () =>
        (service.buildFails = this.#one([
          null,
          null,
          new OperatorError('a port is taken'),
          new Refused('busy', ['open']),
        ])),
    ];
    this.#one(actions)();
  }

  /** A set-up as no detector sends it. */
  #wild(index: number): SetupFields {
    const any = [-(2 ** 31), -2, -1, 0, 1, 2, 3, 7, 1000, 2 ** 31 - 1];
    return {
      index: this.#one([index, index, ...any]),
      type: this.#one([1, 3, 5, 6, 7, ...any]),
      x: this.#one([1, ...any]),
      y: this.#one([2, -2, ...any]),
      interfaces: this.#one(any),
      ports: [this.#one([0, 50_001, 65_535]), this.#one([0, 50_002])],
      address: this.#one(['127.0.0.1', '0.0.0.0', '255.255.255.255']),
      depth: this.#one([8, 16, ...any]),
      quad: this.#one(any),
      rows: this.#one(any),
      tenGiga: this.#one(any),
      counterMask: this.#one([0, 7, 2 ** 31 - 1]),
      frames: this.#one([0n, -1n, 2n ** 62n, 10n]),
    };
  }

  /** Until nothing waits any more, as far as time can help. */
  async settle(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      if (this.#waiting.size === 0) return;
      this.service.pass();
    }
    this.problems.push(`never answered: ${[...this.#waiting].join('; ')}`);
  }

  /** What an ordinary client does, whatever was before. */
  async ordinary(): Promise<void> {
    const { service } = this;
    Object.assign(service, { aborted: null, refusal: null, buildFails: null });
    for (const receiver of service.group.receivers) receiver.lockedBy = null;
    await this.#all('F_STOP_RECEIVER', i32(0));
    service.endSeries();
    const before = service.armed.length;
    for (const index of [0, 1]) await this.#done(index, 'F_SETUP_RECEIVER', setupBytes({ index, frames: 5n }));
    await this.#all('F_START_RECEIVER');
    if (service.armed.length !== before + 1) this.problems.push(`armed ${service.armed.length - before} series, not 1`);
    if (service.armed.at(-1)?.['frames'] !== 5) this.problems.push(`armed ${JSON.stringify(service.armed.at(-1))}`);
    const { udpPorts, modules, tenGiga } = service.group.config.detector;
    const built = JSON.stringify([udpPorts, modules, tenGiga]);
    if (built !== '[[50001,50002,50003,50004],[2,1],true]') this.problems.push(`received is ${built}`);
    await this.#all('F_STOP_RECEIVER', i32(0));
    if (service.open !== null) this.problems.push('its series is still open');
    if (service.group.status !== idle) this.problems.push(`status ${service.group.status} in the end`);
  }

  async #all(name: FunctionName, ...argument: Buffer[]): Promise<void> {
    await Promise.all([0, 1].map((module) => this.#done(module, name, ...argument)));
  }

  async #done(module: number, name: FunctionName, ...argument: Buffer[]): Promise<void> {
    const reply = this.call(module, name, ...argument);
    await this.settle();
    const sentence = sentenceOf(await reply);
    if (sentence !== null && sentence !== 'Receiver not set up. Please use rx_hostname first.\n')
      this.problems.push(`an ordinary ${name} of module ${module}: ${sentence}`);
  }
}

const port = (of: number): Buffer => Buffer.from(new Uint16Array([of]).buffer);

t.test(
  `whatever a client does, every call is answered and the next acquisition is right: ${seeds} seeds`,
  async (t) => {
    let armed = 0;
    let built = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const client = new RandomClient(seed);
      for (let step = 0; step < steps; step++) {
        client.step();
        if (step % 3 === 0) await new Promise(setImmediate);
      }
      await client.settle();
      armed += client.service.armed.length;
      built += client.service.built.length;
      await client.ordinary();
      if (client.problems.length > 0) t.fail(`seed ${seed}: ${client.problems.join('; ')}`);
    }
    t.comment(`${armed} series, ${built} data planes`);
    t.ok(armed > seeds / 4, 'series were opened');
    t.ok(built > seeds / 8, 'data planes were built');
  },
);
