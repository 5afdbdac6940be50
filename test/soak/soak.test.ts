// The soak itself for some seconds: the real service, a lossy detector, a consumer that is killed; and Ctrl-C.

import t from 'tap';
import { growthLimits, runSoak } from './soak.js';
import type { Phase } from './phases.js';
import { soakJson, soakText } from './soak-report.js';

const lossy: Phase = {
  name: 'loss',
  whole: true,
  async run(stage) {
    await stage.consumer();
    const frames = 40;
    await stage.arm({ frames, first_frame_number: stage.nextFrame, frame_period_ms: 1000 / stage.rate });
    await stage.send({ frames, faults: { loss: '0.01', duplicate: '0.01', truncate: '0.002' } });
  },
};

const killed: Phase = {
  name: 'killed',
  whole: false,
  async run(stage) {
    const first = await stage.consumer();
    await stage.ready();
    const sending = stage.start({ frames: 60 });
    await stage.until(async () => (first.last?.images ?? 0) > 0, 'an image');
    await first.kill();
    await stage.gone();
    await stage.consumer();
    await stage.finish(sending);
  },
};

const hostile: Phase = {
  name: 'hostile',
  whole: true,
  async run(stage) {
    const consumer = await stage.consumer();
    const frames = 60;
    await stage.arm({ frames, first_frame_number: stage.nextFrame, frame_period_ms: 1000 / stage.rate });
    const sending = stage.start({ frames });
    await stage.until(async () => (consumer.last?.images ?? 0) > 0, 'an image');
    await stage.sendHostile({ perSecond: 1500, seconds: 1 });
    await stage.finish(sending);
  },
};

t.test(
  'hostile datagrams at the sockets, and in memory beside: each has its class, the sums agree, no pixel is wrong',
  async (t) => {
    const report = await runSoak({
      minutes: 0.02,
      rate: 20,
      seed: 5,
      signal: new AbortController().signal,
      phases: [hostile],
      hostile: 3000,
    });
    t.strictSame(report.problems, []);
    t.match(report.phases[0], { framesSent: 60, images: 60, wrongPixels: 0 });
    const malformed = Object.entries(report.counters).filter(([name]) => name.startsWith('udp_packets_malformed'));
    t.ok(malformed.filter(([, count]) => count > 0).length >= 5, JSON.stringify(report.counters));
    t.ok((report.hostile?.hostile ?? 0) > 100 && report.hostile?.failed === 0, JSON.stringify(report.hostile));
    t.match(soakText(report), /beside it, in memory: \d+ datagrams/);
  },
);

t.test('two phases: every pixel, every sum; too short to speak of growth', async (t) => {
  const report = await runSoak({
    minutes: 0.05,
    rate: 20,
    seed: 3,
    signal: new AbortController().signal,
    phases: [lossy, killed],
  });
  t.strictSame(report.problems, []);
  t.match(report, { ok: true, interrupted: false, exit: 0 });
  t.match(report.phases[0], {
    name: 'loss',
    framesSent: 40,
    images: 40,
    series: 1,
    aborted: [],
    wrongPixels: 0,
    pixelsChecked: 40 * 514 * 514,
  });
  t.ok((report.phases[0]?.missingPackets ?? 0) > 10);
  if (report.phases.length > 1) t.ok(report.phases[1]?.aborted.includes('consumer_lost'));
  t.equal(report.growth.length, growthLimits.length);
  for (const { ok, first } of report.growth) t.ok(ok === null && first > 0);
  t.match(soakText(report), /pixels checked: \d+ {3}wrong pixels: 0\nNothing was wrong/);
  t.match(soakJson(report), { ok: true, wrong_pixels: 0, growth: [{ name: 'resident memory', ok: null }] });
});

const strangers: Phase = {
  name: 'strangers',
  whole: true,
  async run(stage) {
    const consumer = await stage.consumer();
    const frames = 3 * stage.rate;
    await stage.arm({ frames, first_frame_number: stage.nextFrame, frame_period_ms: 1000 / stage.rate });
    const sending = stage.start({ frames });
    await stage.until(async () => (consumer.last?.images ?? 0) > 0, 'an image');
    const crowd = stage.strangers(10);
    await stage.finish(sending);
    await crowd.leave();
  },
};

t.test(
  'strangers at the data port beside many small frames: the consumer has all, strangers are counted',
  async (t) => {
    const report = await runSoak({
      minutes: 0.02,
      rate: 200,
      seed: 7,
      detector: 'gotthard2',
      signal: new AbortController().signal,
      phases: [strangers],
    });
    t.strictSame(report.problems, []);
    t.match(report.phases[0], { framesSent: 600, images: 600, wrongPixels: 0, pixelsChecked: 600 * 2 * 1280 });
    const refused = Object.entries(report.counters).filter(([name]) => name.startsWith('zmq_peers_refused'));
    t.ok(refused.reduce((sum, [, count]) => sum + count, 0) >= 5, JSON.stringify(report.counters));
  },
);

t.test('told to end, it ends the service in order and reports what it has seen', async (t) => {
  const end = new AbortController();
  const endless: Phase = {
    name: 'endless',
    whole: true,
    async run(stage) {
      const consumer = await stage.consumer();
      await stage.arm({});
      const sending = stage.start({ frames: 2000 });
      await stage.until(async () => (consumer.last?.images ?? 0) > 0, 'an image');
      end.abort();
      await stage.finish(sending);
    },
  };
  const report = await runSoak({ minutes: 10, rate: 20, seed: 3, signal: end.signal, phases: [endless] });
  t.match(report, { interrupted: true, exit: 0, ok: true, problems: [] });
  t.ok((report.phases[0]?.images ?? 0) > 0);
});
