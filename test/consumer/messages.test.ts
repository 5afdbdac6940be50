// The messages of a running service, byte by byte, as a consumer takes them from the socket.

import t from 'tap';
import type { Test } from 'tap';
import { quadYaml, start } from '../threads/running.js';
import type { Running } from '../threads/running.js';
import { until, within } from '../threads/waiting.js';
import { pullMessages } from '../../simulators/consumer/pull.js';

/** All messages up to and with the `series_end`. */
async function oneSeries(t: Test, running: Running): Promise<{ messages: Promise<Uint8Array[][]> }> {
  const controller = new AbortController();
  t.teardown(() => controller.abort());
  const collect = async (): Promise<Uint8Array[][]> => {
    const messages: Uint8Array[][] = [];
    for await (const parts of pullMessages({ endpoint: running.service.dataEndpoint, signal: controller.signal })) {
      messages.push(parts);
      if (textOf(parts).includes('"htype":"series_end"')) break;
    }
    return messages;
  };
  const messages = within(collect(), 'the series');
  await until(() => running.status().consumers === 1, "the consumer's connection");
  return { messages };
}

const textOf = (parts: readonly Uint8Array[]): string => Buffer.from(parts[0]).toString('utf8');

t.test('header, complete image, marked image and series_end are these bytes', async (t) => {
  const running = await start(t);
  const [first, second] = running.config.detector.udpPorts as [number, number];
  const { messages } = await oneSeries(t, running);
  const { body } = await running.arm({
    filename: '/data/größe.h5',
    frames: 3,
    first_frame_number: 41,
    metadata: { exptime: 0.1, label: 'a', big: [1, 2] },
  });
  const { truth } = await running.simulate({
    frames: 3,
    firstFrame: 41,
    rate: 25,
    loss: `${first}:42:3-4,${second}:42:63`,
  });
  const [header, image, marked, last, end, ...more] = (await messages) as [
    Uint8Array[],
    Uint8Array[],
    Uint8Array[],
    Uint8Array[],
    Uint8Array[],
  ];
  const n = body['msg_number'] as number;
  t.equal(more.length, 0);
  t.equal(textOf(header), `{"htype":"header","msg_number":${n},"filename":"/data/größe.h5"}`);
  t.match(Buffer.from(header[1]).toString(), /,"exptime":0\.1,"label":"a","big":\[1,2\]\}$/);
  t.match(JSON.parse(Buffer.from(header[1]).toString()), { nimages: 3, bit_depth_image: 16, exptime: 0.1 });
  t.strictSame(
    [header, image, marked, last, end].map((parts) => parts.length),
    [2, 2, 2, 2, 1],
  );
  if (truth.ports.every(({ sent }, index) => sent === running.service.view.portCounters()[index]?.counters.received)) {
    const standard = (index: number): string =>
      `{"htype":"image","msg_number":${n + 1 + index},"frame":${index},"shape":[514,514],"type":"uint16","compression":"none","exposure_time":0.1`;
    t.equal(
      textOf(image),
      `${standard(0)},"frame_number":41,"complete":true,"missing_packets":0,"timestamp":0,"sub_frames":0}`,
    );
    const ports = [
      [first, '[[3,4]]'],
      [second, '[[63,63]]'],
    ] as const;
    const missing = ports.map(([port, ranges]) => `"${port}":${ranges}`).join(',');
    t.equal(
      textOf(marked),
      `${standard(1)},"frame_number":42,"complete":false,"missing_packets":3,"reason":"timeout","missing":{${missing}},"timestamp":400000,"sub_frames":0}`,
    );
    t.equal(
      textOf(last),
      `${standard(2)},"frame_number":43,"complete":true,"missing_packets":0,"timestamp":800000,"sub_frames":0}`,
    );
    t.match(JSON.parse(textOf(end)), {
      frames: 3,
      complete: 2,
      marked: 1,
      discarded: 0,
      unsent: 0,
      incomplete: [[1, 1]],
      truncated: false,
      warnings: [],
      ledger: {
        [first]: { expected: 192, accepted: 190, missing: 2 },
        [second]: { expected: 192, accepted: 191, missing: 1 },
      },
    });
  }
  t.ok(
    [image, marked, last].every((parts) => parts[1].length === 514 * 514 * 2),
    'exactly the pixels',
  );
  t.match(textOf(end), new RegExp(`^\\{"htype":"series_end","msg_number":${n + 4},"frames":3,`));
  t.notMatch(textOf(end), 'aborted');
});

t.test(
  'without metadata the header has what the service knows, and a series of nothing is header and series_end',
  async (t) => {
    const running = await start(t);
    const { messages } = await oneSeries(t, running);
    const { body } = await running.arm();
    await running.end();
    const [header, end, ...more] = (await messages) as [Uint8Array[], Uint8Array[]];
    const n = body['msg_number'] as number;
    t.equal(more.length, 0);
    t.equal(header.length, 2);
    t.match(JSON.parse(Buffer.from(header[1]).toString()), { description: 'PSI Eiger', saturation_value: 65535 });
    t.equal(textOf(header), `{"htype":"header","msg_number":${n},"filename":""}`);
    t.match(
      textOf(end),
      `{"htype":"series_end","msg_number":${n + 1},"frames":0,"complete":0,"marked":0,"discarded":0,`,
    );
  },
);

t.test('message numbers begin above the time in µs and are exact integers', async (t) => {
  const running = await start(t, `${quadYaml}\nseries: auto\nseries_idle_ms: 200`);
  const { messages } = await oneSeries(t, running);
  await until(() => running.status().state === 'open', 'receivers are open');
  await running.simulate({ frames: 4, rate: 50 });
  const numbers = (await messages).map((parts) => (JSON.parse(textOf(parts)) as { msg_number: number }).msg_number);
  t.ok(numbers[0] > 1_700_000_000_000_000 && numbers.every(Number.isSafeInteger), String(numbers[0]));
  t.strictSame(
    numbers,
    numbers.map((_, index) => numbers[0] + index),
  );
});
