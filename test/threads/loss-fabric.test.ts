// Packets that the network loses between detector and service: a real one, two namespaces with a cable between them, in
// which nftables drops packets and counts them. Nobody tells the service; the ledger calls exactly these unexplained,
// and names the frames.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { Fabric, ofFrame } from './fabric.js';
import { causesOf, lossyYaml } from './lossy-service.js';
import { runProcess, vdcuProcess } from './process.js';
import { scrapedProblems, tell } from './scraped-truth.js';
import type { Ask, SentTruth } from './scraped-truth.js';
import { until } from './waiting.js';

const packets = 64;
const frames = 60;
const [every, whole] = [50001, 50002] as const;
const lostFrame = 20;
const fetchText = 'fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))';

/** Frames of which the rule on port `every` takes a packet: the 14th of each 97. */
const faultyFrames = [
  ...new Set(
    Array.from({ length: frames * packets }, (_, index) => index)
      .filter((index) => index % 97 === 13)
      .map((index) => Math.floor(index / packets) + 1),
  ),
];
const everyLost = Array.from({ length: frames * packets }, (_, index) => index).filter(
  (index) => index % 97 === 13,
).length;

t.test('what the fabric lost is unexplained, packet for packet, and the frames that lack it are named', async (t) => {
  const fabric = await Fabric.lay(t, [
    { udpPort: every, condition: 'numgen inc mod 97 == 13' },
    { udpPort: whole, condition: ofFrame(lostFrame) },
  ]);
  if (typeof fabric === 'string') return t.pass(`not tried: ${fabric}`, { skip: fabric });
  const text = [
    'det:',
    ...lossyYaml.split('\n'),
    `udp_ports: [${every}, ${whole}]`,
    `udp_host: ${fabric.serviceHost}`,
    'data_port: 0',
    'api_port: 0',
    '',
  ]
    .map((line) => (line === '' || line === 'det:' ? line : `  ${line}`))
    .join('\n');
  const { endpoint, apiUrl, file } = await runProcess(t, text, [], fabric.atService([]));
  const ask: Ask = async (path) => {
    const [program, ...words] = fabric.atService([process.execPath, '-e', fetchText, `${apiUrl}${path}`]) as [
      string,
      ...string[],
    ];
    return (await promisify(execFile)(program, words, { maxBuffer: 1 << 24 })).stdout;
  };
  const consumer = vdcuProcess(
    t,
    ['watch', endpoint, '--verify', file, 'det', '--series', '1', '--json'],
    [],
    fabric.atService([]),
  );
  await until(async () => (await tell(ask)).status.consumers === 1, "the consumer's connection");
  const arming = vdcuProcess(
    t,
    ['arm', '--url', apiUrl, '--frames', String(frames), '--first-frame', '1'],
    [],
    fabric.atService([]),
  );
  t.equal(await arming.code(), 0, arming.stderr);
  const detector = vdcuProcess(
    t,
    ['simulate', file, 'det', '--frames', String(frames), '--rate', '40', '--json'],
    [],
    fabric.atDetector([]),
  );
  t.equal(await detector.code(), 0, detector.stderr);
  const sent = JSON.parse(detector.stdout) as SentTruth;
  const seen = consumer.code();
  await until(async () => (await tell(ask)).summaries.length === 1, 'the end of the series');

  const lost = await fabric.lost();
  t.strictSame(
    [...lost],
    [
      [every, everyLost],
      [whole, packets],
    ],
    'the rules lost what they were to lose',
  );
  const {
    summaries: [summary],
  } = await tell(ask);
  t.match(summary, { frames, marked: new Set([...faultyFrames, lostFrame]).size });
  for (const ledger of summary?.ledger ?? []) {
    const missing = lost.get(ledger.udp_port) as number;
    t.strictSame(
      causesOf(ledger),
      {
        expected: frames * packets,
        accepted: frames * packets - missing,
        missing,
        late: 0,
        ring: 0,
        socket: 0,
        cut_off: 0,
        unexplained: missing,
      },
      `port ${ledger.udp_port}`,
    );
  }
  t.strictSame(
    summary?.incomplete.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index + 1),
    ),
    [...new Set([...faultyFrames, lostFrame])].sort((a, b) => a - b),
  );
  t.strictSame(
    await scrapedProblems(ask, () => [afterFabric(sent, lost)]),
    [],
    'the metrics are what came out of the fabric',
  );
  t.equal(await seen, 6, `right, and not complete: ${consumer.stderr}`);
  t.match(JSON.parse(consumer.stdout), { images: frames, wrong_pixels: 0, missing_packets: everyLost + packets });
});

/** The truth behind the fabric: what it lost was never sent. */
function afterFabric(sent: SentTruth, lost: ReadonlyMap<number, number>): SentTruth {
  const ports = Object.fromEntries(
    Object.entries(sent.ports).map(([port, counts]) => {
      const gone = lost.get(Number(port)) ?? 0;
      return [
        port,
        {
          ...counts,
          packets_sent: counts.packets_sent - gone,
          packets_intact: counts.packets_intact - gone,
          lost: counts.lost + gone,
        },
      ];
    }),
  );
  const faulty = [...new Set([...faultyFrames, lostFrame])].map((frame) => ({
    never_intact: {
      ...(faultyFrames.includes(frame) ? { [every]: [] } : {}),
      ...(frame === lostFrame ? { [whole]: [] } : {}),
    },
  }));
  return { ...sent, ports, faulty_frames: faulty };
}
