import { spawnSync } from 'node:child_process';
import { ownOf } from '../frame-numbers.js';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Random } from '../../src/base/random.js';
import { makeLayout } from '../../src/detector/layout.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { Landing } from '../../src/memory/landing.js';
import { phase } from '../../src/memory/series-words.js';
import { PortImageDatagrams } from '../../simulators/detector/packet.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { MemorySource } from '../pipeline/memory-source.js';
import { gridSettings, quadSettings } from '../simulators/detector/settings-examples.js';
import { SinglePort } from './single-port.js';
import { noFrame } from '../../src/detector/frame-share.js';

const two32 = 4294967296;
const slots = 6;

/** Layouts by what is special about their pieces. */
const layouts: Record<string, { settings: DetectorSettings; port: number; otherDepth?: number }> = {
  'quad, 16 bit, upside down': { settings: quadSettings(), port: 1, otherDepth: 8 },
  'quad, 8 bit': { settings: quadSettings({ dynamicRange: 8 }), port: 0, otherDepth: 16 },
  'quad, 32 bit': { settings: quadSettings({ dynamicRange: 32 }), port: 0 },
  'quad without gaps: one piece a packet': { settings: quadSettings({ gapPixels: false }), port: 0, otherDepth: 8 },
  'quad without gaps, upside down': { settings: quadSettings({ gapPixels: false }), port: 1 },
  'quad of 1 GbE': { settings: quadSettings({ tenGiga: false }), port: 1 },
  'one module, right port of the lower half': { settings: gridSettings(2, 1), port: 3, otherDepth: 32 },
  'one module, a port placed by configuration': {
    settings: gridSettings(2, 1, { portPositions: new Map([[50002, [1, 0]]]) }),
    port: 1,
  },
  'one module, 32 bit, 1 GbE, flipped by configuration': {
    settings: gridSettings(2, 1, { tenGiga: false, dynamicRange: 32, flipRows: new Map([[50001, true]]) }),
    port: 0,
  },
  'partial readout': { settings: quadSettings({ readNRows: 64 }), port: 1 },
};

/** Makes packets with faults; the same seed makes the same packets. */
class Packets {
  readonly #random: Random;
  readonly #images = new Map<number, PortImageDatagrams>();
  readonly #settings: DetectorSettings;
  readonly #port: number;

  constructor(random: Random, settings: DetectorSettings, port: number) {
    this.#random = random;
    this.#settings = settings;
    this.#port = port;
  }

  /** Packets of the frames from `base` on, mostly in order, with everything that can go wrong. */
  batch(base: number, dynamicRange: number): { bytes: Uint8Array; sender: number }[] {
    const random = this.#random;
    let image = this.#images.get(dynamicRange);
    if (image === undefined)
      this.#images.set(dynamicRange, (image = new PortImageDatagrams({ ...this.#settings, dynamicRange }, this.#port)));
    const batch: { bytes: Uint8Array; sender: number }[] = [];
    const frames = 1 + random.integer(3);
    const whole = random.chance(0.5);
    const trouble = random.chance(0.6) ? 0.03 : 0;
    for (let step = 0; step < frames; step++) {
      const number = base + (random.chance(0.8) ? step : random.integer(12) - 4);
      if (number < 1) continue;
      image.write(number, number * 10);
      for (const datagram of image.datagrams) {
        if (!whole && random.chance(0.3)) continue;
        const packet = { bytes: datagram.slice(), sender: 1 };
        if (random.chance(trouble)) this.#spoil(packet);
        batch.push(packet);
        if (random.chance(trouble)) batch.push(packet);
      }
    }
    for (let swap = random.integer(3) === 0 ? random.integer(batch.length + 1) : 0; swap > 0; swap--) {
      const from = random.integer(batch.length);
      const to = Math.min(batch.length - 1, from + random.integer(5));
      [batch[from], batch[to]] = [batch[to], batch[from]];
    }
    return batch;
  }

  #spoil(packet: { bytes: Uint8Array; sender: number }): void {
    const random = this.#random;
    const view = new DataView(packet.bytes.buffer);
    switch (random.integer(12)) {
      case 0:
        packet.sender = this.#random.pick([0, 2]);
        break;
      case 1:
        packet.bytes = packet.bytes.slice(0, 40);
        break;
      case 2:
        packet.bytes = packet.bytes.slice(0, random.integer(packet.bytes.length));
        break;
      case 3:
        packet.bytes = new Uint8Array([...packet.bytes, 1]);
        break;
      case 4:
        view.setUint8(47, 1);
        break;
      case 5:
        view.setUint8(46, 3);
        break;
      case 6:
        view.setUint32(12, random.pick([0xffffffff, 0x80000000, 128, 512, 1024]), true);
        break;
      case 7:
        view.setUint16(34, random.pick([0, 1, 2, 0x8000]), true);
        break;
      case 8:
        view.setUint16(36, random.pick([0, 1, 2]), true);
        break;
      case 9:
        view.setUint32(4, random.pick([0, 0x1fffff, 0x200000, 0x80000000]), true);
        break;
      case 10:
        view.setUint32(0, random.pick([0, 1, 0x7fffffff]), true);
        break;
      default:
        view.setUint32(0, view.getUint32(0, true) + random.integer(40) - 20, true);
    }
  }
}

/** The same life of a port, twice; returns the first difference. */
function compare(
  seed: number,
  { settings, port, otherDepth }: { settings: DetectorSettings; port: number; otherDepth?: number },
): { difference: string; placed: number; filled: number; accepted: number } {
  const random = new Random(seed);
  const dynamicRangeMax = Math.max(settings.dynamicRange, otherDepth ?? 0);
  const make = (compiled: boolean): SinglePort<MemorySource> =>
    new SinglePort({
      settings,
      port,
      slots,
      landingPackets: 64,
      dynamicRangeMax,
      compiled,
      makeSource: (landing) => new MemorySource(landing),
    });
  const reference = make(false);
  const compiled = make(true);
  const both = [reference, compiled];
  const packets = new Packets(random, settings, port);
  let now = 1000;
  const differs = (): string => {
    const { map } = reference;
    const context = map.placementContexts[port];
    const parts: [string, number, number][] = [
      ['before the contexts', 0, context],
      ['behind the contexts', map.landing[0], map.totalBytes],
    ];
    for (const [name, from, to] of parts) {
      const [a, b] = both.map(({ buffer }) => Buffer.from(buffer, from, to - from)) as [Buffer, Buffer];
      if (a.equals(b)) continue;
      const at = a.findIndex((byte, index) => byte !== b[index]);
      return (
        `${name}, byte ${from + at}: ${a[at]} and ${b[at]} (records at ${map.slotRecords[port]}, counters at ` +
        `${map.portCounters[port]}, ring at ${map.ring})`
      );
    }
    return '';
  };
  const turn = (): string => {
    now += random.pick([0, 1, 30]);
    const counts = both.map((single) => single.turn(now));
    return counts[0] === counts[1] ? differs() : `${counts.join(' and ')} datagrams taken`;
  };
  /** Turns until both have answered the command: the streamer goes on no sooner, and makes room meanwhile. */
  const answered = (): string => {
    for (let turns = 0; turns < 1000; turns++) {
      const found = turn();
      if (found !== '') return found;
      if (both.every(({ words, series }) => words.answer === series.readCommand())) return '';
      const { closeNext } = reference.words;
      if (closeNext > reference.series.next) for (const single of both) single.series.setNext(closeNext);
    }
    return 'the command is not answered';
  };
  for (let series = 0; series < 3; series++) {
    const dynamicRange = series === 1 ? (otherDepth ?? settings.dynamicRange) : settings.dynamicRange;
    let base = random.pick([1, 5, 1000, two32 - 2, 3 * two32 + 7, 2 ** 53 - 60]);
    const given = random.chance(0.5);
    const last = random.chance(0.5) ? base + random.integer(8) : null;
    let firstTold = given;
    for (const single of both) {
      while (single.source.queued > 0) single.source.receive();
      single.open(now, given ? base : null, given ? last : null, dynamicRange, settings.readNRows ?? 0);
    }
    // As the streamer does: what a port accepted before its answer lowers the first frame, and only then it is settled.
    const lowers = (): boolean => {
      const { smallest } = reference.words;
      return smallest !== 0 && smallest < reference.series.first;
    };
    const tellFirst = (): void => {
      const { smallest } = reference.words;
      for (const single of both) single.series.setFirst(smallest, last === null ? noFrame : ownOf(last));
    };
    for (let step = 0; step < 8; step++) {
      const batch = packets.batch(base, dynamicRange);
      for (const { source } of both) for (const { bytes, sender } of batch) source.deliver(bytes, sender);
      // What waits for the first frame to be told, or for the next series, waits in the socket.
      while (reference.source.queued > 0 && !reference.assembler.pauses) {
        if (random.chance(0.1)) for (const single of both) single.series.setGiveUp(ownOf(base));
        const found = turn();
        if (found !== '')
          return { difference: `series ${series}, step ${step}: ${found}`, placed: 0, filled: 0, accepted: 0 };
      }
      const { smallest, closeNext } = reference.words;
      if (firstTold && reference.words.firstAnswer === reference.series.firstVersion) {
        if (lowers()) tellFirst();
        else if (random.chance(0.7)) for (const single of both) single.series.settleFirst();
      }
      if (!firstTold && smallest !== 0 && random.chance(0.5)) {
        firstTold = true;
        tellFirst();
      } else if (firstTold && closeNext > reference.series.next && random.chance(0.7)) {
        for (const single of both) single.series.setNext(closeNext);
      }
      if (random.chance(0.8)) base += random.integer(3);
    }
    for (const command of [phase.stop, phase.finish]) {
      if (command === phase.finish && firstTold) {
        if (lowers()) tellFirst();
        for (const single of both) single.series.settleFirst();
      }
      const end = reference.words.newestSeen;
      for (const single of both) {
        if (command === phase.finish) single.series.setLast(firstTold ? end : noFrame);
        single.series.command(command);
      }
      const found = answered();
      if (found !== '')
        return {
          difference: `series ${series}, ${command === phase.stop ? 'stop' : 'finish'}: ${found}`,
          placed: 0,
          filled: 0,
          accepted: 0,
        };
    }
  }
  return { difference: '', placed: compiled.placed, filled: compiled.filled, accepted: reference.counters().accepted };
}

for (const [name, layout] of Object.entries(layouts)) {
  t.test(`compiled placement leaves the memory as the reference does: ${name}`, async (t) => {
    // VDCU_SEED=7 plays one seed again, VDCU_SEEDS=100 plays many.
    const { VDCU_SEED: only, VDCU_SEEDS: many = '3' } = process.env;
    const seeds = only === undefined ? Array.from({ length: Number(many) }, (_, index) => index + 1) : [Number(only)];
    let placed = 0;
    let filled = 0;
    let accepted = 0;
    for (const seed of seeds) {
      const result = compare(seed, layout);
      if (result.difference !== '') t.fail(`VDCU_SEED=${seed}: ${result.difference}`);
      placed += result.placed;
      filled += result.filled;
      accepted += result.accepted;
    }
    t.comment(`${accepted} packets accepted, ${placed} of them by the compiled code; ${filled} images filled`);
    t.ok(placed > accepted / 2, 'most packets were placed by the compiled code');
    t.ok(filled > 0, 'holes were filled by the compiled code');
  });
}

t.test('packets and holes are placed in the upper half of a memory of 4 GiB', async (t) => {
  const settings = quadSettings();
  const frameBytes = makeLayout(settings).frameBytes;
  const many = Math.floor((4 * 1024 ** 3 - 40 * 1024 ** 2) / (Math.ceil(frameBytes / 128) * 128));
  const port = 0;
  const single = new SinglePort({
    settings,
    port,
    slots: many,
    landingPackets: 64,
    compiled: true,
    makeSource: (landing) => new MemorySource(landing),
  });
  // The slot is that of its own number, two above.
  const number = many * 3 + many - 3;
  single.open(0, number - 4, null, 16);
  const image = new PortImageDatagrams(settings, port);
  const written: Uint8Array[] = [];
  for (let frame = number - 4; frame <= number; frame++) {
    image.write(frame, 0);
    image.datagrams.forEach((datagram, packet) => {
      if (frame === number) written.push(datagram.slice());
      if (frame !== number || packet !== 9) single.source.deliver(datagram);
    });
  }
  while (single.source.queued > 0) single.turn(1);
  single.series.setGiveUp(ownOf(number));
  single.turn(2);
  t.equal(single.counters().missing, 1);
  t.ok(single.placed >= 5 * 64 - 10, 'by the compiled code');
  const frameAt = single.map.ring + (many - 1) * single.map.slotStride;
  t.ok(frameAt > 4 * 1024 ** 3 - 64 * 1024 ** 2 && frameAt + frameBytes < 4 * 1024 ** 3);
  // The left port of a quad is the lower half, as received: packet 9 is its rows 36 … 39.
  const row = (y: number): Buffer => Buffer.from(single.buffer, frameAt + (258 + y) * 514 * 2, 514 * 2);
  const payload = Buffer.from(written[8]).subarray(48);
  t.strictSame(row(32).subarray(0, 512), payload.subarray(0, 512));
  t.strictSame(row(32).subarray(516), payload.subarray(512, 1024));
  t.ok(
    row(36)
      .subarray(0, 512)
      .every((byte) => byte === 0xff) &&
      row(39)
        .subarray(516)
        .every((byte) => byte === 0xff),
    'the hole is filled',
  );
  t.ok(
    row(36)
      .subarray(512, 516)
      .every((byte) => byte === 0),
    'the gap is not',
  );
});

t.test('a port whose packets land in another memory is refused', async (t) => {
  const options = { settings: quadSettings(), port: 0, slots: 2, landingPackets: 4 };
  const elsewhere = new SinglePort({ ...options, compiled: false, makeSource: (landing) => new MemorySource(landing) });
  t.throws(
    () =>
      new SinglePort({
        ...options,
        compiled: true,
        makeSource: () => new MemorySource(new Landing(elsewhere.buffer, elsewhere.map.landing[0], 4, 4144)),
      }),
    { message: /another memory/ },
  );
});

t.test('the whole pipeline gives right pixels with compiled placement', async (t) => {
  const pipeline = new Pipeline({
    yaml:
      'detector: eiger\nquad: true\nudp_ports: [50001, 50002]\n' +
      'series: armed\nring_frames: 32\nframe_timeout_ms: 50',
    compiled: true,
  });
  pipeline.sink.connect();
  pipeline.arm({ frames: 5, firstFrameNumber: 1 });
  for (const port of [0, 1]) {
    const image = new PortImageDatagrams(pipeline.config.detector, port);
    for (let frame = 1; frame <= 5; frame++) {
      image.write(frame, 0);
      image.datagrams.forEach((datagram, packet) => packet !== frame && pipeline.deliver(port, datagram));
    }
  }
  pipeline.run(200);
  t.strictSame(pipeline.verify(), []);
  t.match(pipeline.summaries[0], { frames: 5, complete: 0, marked: 5 });
});

t.test('a turn makes less than 4 bytes of garbage per packet over a million packets', async (t) => {
  const script = fileURLToPath(new URL('allocations.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', script, 'compiled'], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  for (const line of JSON.parse(stdout) as { from: number; packets: number; bytesPerPacket: number }[]) {
    t.ok(
      line.packets >= 1e6 && line.bytesPerPacket < 4,
      `${line.bytesPerPacket.toFixed(3)} bytes per packet from frame ${line.from} on`,
    );
  }
});
