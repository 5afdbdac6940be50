// Four real services that share a simulated detector, on four addresses of this machine, and the consumer of all four
// streams.

import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { vdcu } from '../commands/repository.js';
import { freeUdpPorts } from './free-ports.js';
import { portCountsOf } from './metrics-text.js';
import { runProcess } from './process.js';
import { askAt, scrapedProblems, tell } from './scraped-truth.js';
import { until, within } from './waiting.js';

const count = 4;
const host = (offset: number): string => `127.0.0.${offset + 1}`;

interface Status {
  readonly state: string;
  readonly consumers: number;
  readonly series: { readonly images_sent: number } | null;
  readonly last_series: { readonly shared?: { readonly frames: number } } | null;
}

const statusOf = async (apiUrl: string): Promise<Status> =>
  (await (await fetch(`${apiUrl}/api/v1/series`)).json()) as Status;

/** The services, and what their consumer and their detector need. */
async function instances(t: Test): Promise<{
  services: Awaited<ReturnType<typeof runProcess>>[];
  endpoints: string;
  stream: string;
  settings: ReturnType<typeof parseConfig>['detector'];
}> {
  const ports = await freeUdpPorts(2);
  const text = (offset: number): string =>
    [
      'det:',
      '  detector: eiger',
      '  quad: true',
      '  read_n_rows: 64',
      `  udp_host: ${host(offset)}`,
      `  udp_ports: [${ports.join(', ')}]`,
      `  data_host: ${host(offset)}`,
      '  data_port: 0',
      `  api_host: ${host(offset)}`,
      '  api_port: 0',
      '  series: armed',
      `  frames_stride: ${count}`,
      `  frames_offset: ${offset}`,
      '  ring_frames: 256',
      '  frame_timeout_ms: 300',
      '',
    ].join('\n');
  const services = await Promise.all(Array.from({ length: count }, (_, offset) => runProcess(t, text(offset))));
  return {
    services,
    endpoints: services.map(({ apiUrl }) => apiUrl).join(','),
    stream: services.map(({ endpoint }) => endpoint).join(','),
    settings: parseConfig(text(0), 'test.yaml', 'det').detector,
  };
}

const hosts = Array.from({ length: count }, (_, offset) => host(offset)).join(',');

t.test(
  'four instances under loss, twice, the second time stopped while the detector runs: one ordered, gapless series ' +
    'each, every pixel right',
  async (t) => {
    const { services, endpoints, stream, settings } = await instances(t);
    const states = (): Promise<Status[]> => Promise.all(services.map(({ apiUrl }) => statusOf(apiUrl)));
    const watching = watchStream({
      endpoint: stream,
      verify: settings,
      series: 2,
      signal: AbortSignal.timeout(60_000),
    });
    await until(async () => (await states()).every(({ consumers }) => consumers === 1), "the consumer's connections");

    t.match(
      await vdcu('arm', '--endpoints', endpoints.split(',').slice(1).join(','), '--frames', '9', '--first-frame', '1'),
      { code: 3, stderr: /frames_stride: 4, and 3 instances are named/ },
    );
    t.match(await vdcu('arm', '--endpoints', endpoints, '--frames', '0'), {
      code: 2,
      stderr: /frames: needed where 4 instances share/,
    });
    t.match(await vdcu('stop', '--endpoints', endpoints), { code: 0, stdout: 'no series was open\n' });

    t.match(
      await vdcu(
        'arm',
        '--endpoints',
        endpoints,
        '--frames',
        '203',
        '--first-frame',
        '1',
        '--frame-period',
        '5',
        '--filename',
        '/data/a.h5',
      ),
      { code: 0, stdout: /^4 instances are armed/ },
    );
    t.match(await vdcu('arm', '--endpoints', endpoints, '--frames', '203', '--first-frame', '1'), {
      code: 3,
      stderr: /series 1 is (open|armed and no packet).*vdcu stop --endpoints/s,
    });
    const sent = await simulate({
      settings,
      udpHost: hosts,
      frames: 203,
      rate: 200,
      seed: 3,
      loss: '0.003',
      reorder: '0.01',
      duplicate: '0.003',
      signal: AbortSignal.timeout(30_000),
    });
    await until(async () => (await states()).every(({ state }) => state === 'idle'), 'the end of the first series');
    const lost = sent.truth.ports.reduce((sum, port) => sum + port.lost, 0);
    t.ok(lost > 0, 'packets were lost on the way');

    t.match(await vdcu('arm', '--endpoints', endpoints, '--frames', '100000', '--first-frame', '204'), { code: 0 });
    const end = new AbortController();
    const sending = simulate({
      settings,
      udpHost: hosts,
      frames: 0,
      firstFrame: 204,
      rate: 200,
      seed: 4,
      loss: '0.003',
      signal: end.signal,
    });
    await until(
      async () => (await states()).every(({ series }) => (series?.images_sent ?? 0) >= 10),
      'ten images of each',
    );
    const stopped = await vdcu('stop', '--endpoints', endpoints, '--json');
    end.abort();
    const more = await sending;
    t.equal(stopped.code, 0, `${stopped.stderr}${stopped.stdout}`);
    const { frames, whole } = JSON.parse(stopped.stdout) as { frames: number; whole: boolean };
    t.ok(whole && frames >= 40);

    const report = await within(watching, 'the end of the stream');
    t.strictSame(report.checker.problems, []);
    t.equal(report.stuck, 0);
    t.match(report.checker.counts, {
      headers: 2,
      seriesEnds: 2,
      aborted: 0,
      images: 203 + frames,
      framesVerified: 203 + frames,
      wrongPixels: 0,
    });
    t.ok(report.checker.counts.missingPackets >= lost);
    t.match(
      (await states()).map(({ last_series: last }) => last?.shared?.frames),
      [frames, frames, frames, frames],
    );
    t.match(await vdcu('status', '--endpoints', endpoints), { code: 0, stdout: /instance 3 of 4\)/ });
    for (const { apiUrl } of services)
      t.strictSame(await scrapedProblems(askAt(apiUrl), () => null), [], 'the metrics of each instance add up');
    for (const [index, udpPort] of settings.udpPorts.entries()) {
      const sentOn = [sent, more].reduce((sum, { truth }) => sum + (truth.ports[index]?.sent ?? 0), 0);
      await until(async () => {
        const counts = await Promise.all(
          services.map(async ({ apiUrl }) => portCountsOf((await tell(askAt(apiUrl))).metrics, udpPort)),
        );
        return counts.reduce((sum, { received, socketDropped }) => sum + received + socketDropped, 0) === sentOn;
      }, `port ${udpPort}: together they received what was sent, or the kernel dropped it`);
    }
  },
);

t.test(
  'the death of one instance is told: by the stop, by the metrics, and the consumer keeps what came before it',
  async (t) => {
    const { services, endpoints, stream, settings } = await instances(t);
    const over = new AbortController();
    setTimeout(() => over.abort(), 60_000).unref();
    const watching = watchStream({
      endpoint: stream,
      verify: settings,
      signal: over.signal,
    });
    await until(
      async () =>
        (await Promise.all(services.map(({ apiUrl }) => statusOf(apiUrl)))).every(({ consumers }) => consumers === 1),
      "the consumer's connections",
    );
    t.match(await vdcu('arm', '--endpoints', endpoints, '--frames', '100000', '--first-frame', '1'), { code: 0 });
    const end = new AbortController();
    const sending = simulate({ settings, udpHost: hosts, frames: 0, rate: 200, signal: end.signal });
    const [first, , third] = services;
    await until(
      async () => ((await statusOf(third?.apiUrl ?? '')).series?.images_sent ?? 0) >= 10,
      'ten images of the third',
    );
    third?.run.child.kill('SIGKILL');
    t.equal(await third?.run.code(), 'SIGKILL');
    await sleep(300);
    end.abort();
    await sending;

    const metrics = await (await fetch(`${first?.apiUrl ?? ''}/metrics`)).text();
    t.match(metrics, /^vdcu_frames_stride\{[^}]*\} 4$/m);
    t.match(metrics, /^vdcu_series_msg_number_base\{[^}]*\} 1\d{15}$/m);
    const stopped = await vdcu('stop', '--endpoints', endpoints);
    t.equal(stopped.code, 1);
    t.match(stopped.stderr, /127\.0\.0\.3:\d+.*connection refused/);
    t.match(stopped.stderr, /the consumer has the series up to the first of them and waits/);
    over.abort();
    const report = await within(watching, 'the end of watching');
    t.ok(report.stuck > 0, 'frames of the others wait for those of the dead one');
    t.ok(report.checker.counts.images >= 40);
    t.equal(report.checker.counts.wrongPixels, 0);
    t.strictSame(
      report.checker.problems.filter(({ rule }) => rule !== 'connection'),
      [],
    );
  },
);
