// What happens to the service in a soak, phase by phase, over and over: faults of the network, moods of the consumer,
// commands of the operator. Each phase leaves the service idle.

import type { SoakDetector } from './soak.js';
import type { Stage } from './stage.js';

export interface Phase {
  readonly name: string;
  /** One consumer is there from before the first header until after the last end: it must get everything. */
  readonly whole: boolean;
  /** The detector that it is about; left out = any. */
  readonly only?: SoakDetector;
  run(stage: Stage): Promise<void>;
}

/** Strangers that connect to the data port beside a series. */
const strangersPerSecond = 10;

/** Seconds for which the detector sends in most phases. */
const seconds = 8;

/**
 * Hostile datagrams at the sockets of the service, beside the detector's packets; fewer where there is no time for
 * them.
 */
const hostilePerSecond = 4000;

const auto = (name: string, faults: Readonly<Record<string, string>>): Phase => ({
  name,
  whole: true,
  async run(stage) {
    await stage.consumer();
    await stage.ready();
    await stage.send({ frames: seconds * stage.rate, faults });
  },
});

const armed = (name: string, faults: (stage: Stage, first: number) => Readonly<Record<string, string>>): Phase => ({
  name,
  whole: true,
  async run(stage) {
    await stage.consumer();
    const frames = seconds * stage.rate;
    const first = stage.nextFrame;
    await stage.arm({
      frames,
      first_frame_number: first,
      frame_period_ms: 1000 / stage.rate,
      metadata: { description: name },
    });
    await stage.send({ frames, faults: faults(stage, first) });
  },
});

export const phases: readonly Phase[] = [
  auto('nothing lost', {}),
  armed('loss', () => ({ loss: '0.002', truncate: '0.0005' })),
  auto('twice, late, out of order', { duplicate: '0.01', reorder: '0.02', delay: '0.0005' }),
  armed('bursts', ({ udpPorts }, first) => ({
    loss: [
      `*:${first + 40}-${first + 44}:*`,
      `${udpPorts[0]}:${first + 90}-${first + 99}:*`,
      `${udpPorts[1]}:${first + 130}:20-50`,
    ].join(','),
  })),
  armed('a silent port', ({ udpPorts }) => ({ loss: `${udpPorts[1]}:*:*` })),
  {
    name: 'hostile datagrams',
    whole: true,
    async run(stage) {
      const consumer = await stage.consumer();
      const frames = seconds * stage.rate;
      await stage.arm({ frames, first_frame_number: stage.nextFrame, frame_period_ms: 1000 / stage.rate });
      const sending = stage.start({ frames, faults: { loss: '0.0005' } });
      // Once the places of the ports are settled each datagram has one class for sure.
      await stage.until(async () => (consumer.last?.images ?? 0) > 0, 'an image');
      await stage.sendHostile({ perSecond: hostilePerSecond, seconds: seconds - 3 });
      await stage.finish(sending);
    },
  },
  auto('packets of strangers', { foreign: '0.01', truncate: '0.001', duplicate: '0.001' }),
  {
    name: 'frame numbers begin again',
    whole: true,
    async run(stage) {
      await stage.consumer();
      await stage.ready();
      const frames = (seconds / 2) * stage.rate;
      await stage.send({ frames });
      await stage.send({ frames, firstFrame: 1 });
      await stage.send({ frames, firstFrame: 1_000_000 + 7 * frames });
    },
  },
  {
    name: '8 bits',
    whole: true,
    only: 'eiger',
    async run(stage) {
      await stage.consumer({ bits: 8 });
      const frames = seconds * stage.rate;
      await stage.arm({
        frames,
        first_frame_number: stage.nextFrame,
        frame_period_ms: 1000 / stage.rate,
        dynamic_range: 8,
      });
      await stage.send({ frames, bits: 8, faults: { loss: '0.001' } });
    },
  },
  {
    name: 'a slow consumer',
    whole: true,
    async run(stage) {
      // A third of what the detector sends.
      await stage.consumer({ delayMs: 3000 / stage.rate });
      await stage.arm({ first_frame_number: stage.nextFrame });
      await stage.send({ frames: seconds * stage.rate });
      await stage.end();
    },
  },
  {
    name: 'a consumer that stands still',
    whole: true,
    async run(stage) {
      const consumer = await stage.consumer();
      await stage.ready();
      const sending = stage.start({ frames: (seconds + 2) * stage.rate });
      await stage.wait(2);
      consumer.pause(true);
      await stage.wait(5);
      consumer.pause(false);
      await stage.finish(sending);
    },
  },
  {
    name: 'consumers killed, gone and back',
    whole: false,
    async run(stage) {
      const first = await stage.consumer();
      await stage.ready();
      const sending = stage.start({ frames: (seconds + 2) * stage.rate });
      await stage.wait(3);
      await first.kill();
      await stage.gone();
      await stage.wait(1);
      const second = await stage.consumer();
      await stage.wait(2);
      await second.leave();
      await stage.gone();
      await stage.consumer();
      await stage.finish(sending);
    },
  },
  {
    name: 'strangers at the data port',
    whole: true,
    async run(stage) {
      await stage.consumer();
      const frames = seconds * stage.rate;
      await stage.arm({ frames, first_frame_number: stage.nextFrame, frame_period_ms: 1000 / stage.rate });
      const strangers = stage.strangers(strangersPerSecond);
      await stage.send({ frames });
      await strangers.leave();
    },
  },
  {
    name: 'stop, and arm again at once',
    whole: true,
    async run(stage) {
      await stage.consumer();
      await stage.arm({ filename: '' });
      const sending = stage.start({ frames: seconds * stage.rate });
      for (let series = 0; series < 3; series++) {
        await stage.wait(seconds / 4);
        await stage.end();
        await stage.arm({ filename: '' });
      }
      await stage.finish(sending);
      await stage.end();
    },
  },
];
