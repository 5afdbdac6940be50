// `--endpoints` against services made by hand: what is asked of whom, and in which order.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { summaryOf } from '../view/hand-made-view.js';
import { vdcu } from './repository.js';

interface Instance {
  readonly url: string;
  readonly asked: string[];
  answer: (method: string, url: string) => [status: number, body: unknown] | null;
}

const order: string[] = [];

async function instance(
  t: Test,
  offset: number,
  stride: number,
  next: number,
  answer: Instance['answer'] = () => null,
): Promise<Instance> {
  const asked: string[] = [];
  const made = { url: '', asked, answer };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const [method, url] = [request.method ?? '', request.url ?? ''];
      asked.push(`${method} ${url} ${text}`.trim());
      if (method !== 'GET') order.push(`${offset} ${method}`);
      const usual: [number, unknown] =
        method === 'GET'
          ? [
              200,
              {
                state: 'idle',
                message: '',
                problems: [],
                next_msg_number: next,
                frames_stride: stride,
                frames_offset: offset,
                series: null,
                last_series: null,
              },
            ]
          : url.endsWith('/halt')
            ? [200, { halted: { msg_number_base: 700, frames: 0, ended: false } }]
            : method === 'DELETE'
              ? [200, { summary: null }]
              : [201, { series_id: 1 + offset, msg_number: 700, header_pending: false, state: 'open', warnings: [] }];
      const [status, body] = made.answer(method, url) ?? usual;
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => server.close());
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return made;
}

t.test('all are armed with the largest next number, the one that sends the header last', async (t) => {
  const [second, first] = [await instance(t, 1, 2, 700), await instance(t, 0, 2, 650)];
  order.length = 0;
  const { code, stdout } = await vdcu(
    'arm',
    '--endpoints',
    `${second.url},${first.url}/`,
    '--frames',
    '10',
    '--first-frame',
    '5',
    '--json',
  );
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    msg_number: 700,
    armed: [
      { url: first.url, series_id: 1 },
      { url: second.url, series_id: 2 },
    ],
  });
  t.strictSame(JSON.parse(first.asked[1]?.replace(/^\S+ \S+ /, '') ?? ''), {
    frames: 10,
    first_frame_number: 5,
    msg_number_base: 700,
  });
  t.strictSame(order, ['1 POST', '0 POST']);
});

t.test('when one refuses, those that were armed are withdrawn, and the header was never asked for', async (t) => {
  const refuse: Instance['answer'] = (method, url) =>
    method !== 'POST'
      ? null
      : url.endsWith('/halt')
        ? [200, { halted: null }]
        : [503, { problems: ['no consumer is connected'] }];
  const [first, second, third] = [
    await instance(t, 0, 3, 700),
    await instance(t, 1, 3, 700),
    await instance(t, 2, 3, 700, refuse),
  ];
  const { code, stderr } = await vdcu(
    'arm',
    '--endpoints',
    [first, second, third].map(({ url }) => url).join(','),
    '--frames',
    '10',
    '--first-frame',
    '5',
  );
  t.equal(code, 3);
  t.match(stderr, new RegExp(`not armed: ${third.url}: no consumer is connected`));
  t.match(stderr, new RegExp(`${second.url}: was armed, and was withdrawn again`));
  t.strictSame(
    first.asked.map((line) => line.split(' ')[0]),
    ['GET'],
    'nothing but its status',
  );
  t.strictSame(second.asked.slice(2), ['POST /api/v1/series/halt', 'DELETE /api/v1/series?frames=0&withdraw=true']);
});

t.test('a header whose answer was lost is out: the series ends as one of no frames', async (t) => {
  const lost: Instance['answer'] = (method, url) => (method === 'POST' && !url.endsWith('/halt') ? [500, {}] : null);
  const [first, second] = [await instance(t, 0, 2, 700, lost), await instance(t, 1, 2, 700)];
  t.equal(
    (await vdcu('arm', '--endpoints', `${first.url},${second.url}`, '--frames', '10', '--first-frame', '5')).code,
    3,
  );
  for (const { asked } of [first, second]) t.equal(asked.at(-1), 'DELETE /api/v1/series?frames=0');
});

t.test('instances that are not those of one detector are not armed', async (t) => {
  const [first, same, other] = [
    await instance(t, 0, 2, 700),
    await instance(t, 0, 2, 700),
    await instance(t, 1, 4, 700),
  ];
  const arm = (...of: Instance[]): ReturnType<typeof vdcu> =>
    vdcu('arm', '--endpoints', of.map(({ url }) => url).join(','), '--frames', '1', '--first-frame', '1');
  t.match(await arm(first, same), { code: 3, stderr: /no instance has frames_offset: 1, or two have the same/ });
  t.match(await arm(first, other), { code: 3, stderr: /frames_stride: 4, and 2 instances are named/ });
  t.match(await arm(first, first), { code: 2, stderr: /named twice/ });
  t.match(await vdcu('arm', '--endpoints', first.url, '--url', same.url), { code: 2, stderr: /leave out --url/ });
  for (const command of ['arm', 'stop', 'status'])
    t.match(await vdcu(command, '--endpoints', first.url), {
      code: 2,
      stderr: /for several instances.*Use --url http/,
    });
  t.match(await vdcu('stop', '--endpoints', 'ftp://x'), { code: 2, stderr: /--endpoints ftp:\/\/x: is ftp:/ });
  t.ok([first, same, other].every(({ asked }) => asked.every((line) => line.startsWith('GET'))));
});

t.test(
  'all are stopped at the largest number of frames; one that was started anew takes no part, which is a failure',
  async (t) => {
    const halted =
      (frames: number, base: number | null): Instance['answer'] =>
      (method, url) =>
        method === 'POST' && url.endsWith('/halt')
          ? [200, { halted: base === null ? null : { msg_number_base: base, frames, ended: false } }]
          : null;
    const [first, second, third] = [
      await instance(t, 0, 3, 700, halted(9, 700)),
      await instance(t, 1, 3, 700, halted(11, 700)),
      await instance(t, 2, 3, 700, halted(0, null)),
    ];
    const { code, stderr, stdout } = await vdcu(
      'stop',
      '--endpoints',
      [first, second, third].map(({ url }) => url).join(','),
    );
    t.equal(code, 1);
    t.match(stdout, /the series ended with 11 frames/);
    t.match(stderr, new RegExp(`${third.url}: takes no part in this series`));
    for (const { asked } of [first, second]) t.equal(asked.at(-1), 'DELETE /api/v1/series?frames=11');
    t.equal(third.asked.length, 1);
  },
);

t.test(
  'a series that a consumer does not have whole ends with 5, whichever instance it lacks something of',
  async (t) => {
    const part = (summary: object): Instance['answer'] => {
      return (method, url) =>
        method === 'POST' && url.endsWith('/halt')
          ? [200, { halted: { msg_number_base: 700, frames: 9, ended: false } }]
          : method === 'DELETE'
            ? [200, { summary }]
            : null;
    };
    const whole = summaryOf();
    for (const [lacking, code] of [
      [whole, 0],
      [{ ...whole, undelivered: { messages: 2, bytes: 10 } }, 5],
      [{ ...whole, end_pending: true }, 5],
      [{ ...whole, aborted: 'closing_timeout', end_pending: true }, 1],
    ] as const) {
      const [first, second] = [await instance(t, 0, 2, 700, part(whole)), await instance(t, 1, 2, 700, part(lacking))];
      const stopped = await vdcu('stop', '--endpoints', `${first.url},${second.url}`);
      t.equal(stopped.code, code, stopped.stdout);
    }
  },
);
