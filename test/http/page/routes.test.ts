import { gunzipSync } from 'node:zlib';
import t from 'tap';
import type { Test } from 'tap';
import type { FastifyInstance } from 'fastify';
import { makeApp, startHttp } from '../../../src/http/http.js';
import { makeLogger } from '../../../src/runtime/log.js';
import { readPageFiles } from '../../../src/http/page/files.js';
import { viewerLimit } from '../../../src/http/page/events.js';
import { LastFrame, lastFrameBytes } from '../../../src/memory/last-frame.js';
import { blockHolds, readPreview } from '../../../src/page/preview-bytes.js';
import type { LastSent } from '../../../src/view/service-view.js';
import { HandMadeView, currentPortOf, portCountersOf, quadPlaces, summaryOf } from '../../view/hand-made-view.js';

const build = { version: '1.2.3', backend: 'dgram' };
const silent = makeLogger('error', 'quad', { write: () => undefined });

async function appFor(t: Test, view: HandMadeView): Promise<FastifyInstance> {
  const app = await makeApp(view, { logger: silent, build });
  t.teardown(() => app.close());
  return app;
}

/** A frame as the streamer keeps it: these values from its first pixel on, and zeros. */
function keepFrame(view: HandMadeView, values: number[], message: object = {}, masked: Uint8Array | null = null): void {
  const pixels = new Uint16Array(514 * 514);
  pixels.set(values);
  const { byteLength: frameBytes } = pixels;
  view.lastFrameMemory = { buffer: new SharedArrayBuffer(lastFrameBytes(frameBytes)), offset: 0, frameBytes, masked };
  const json = {
    htype: 'image',
    msg_number: 1,
    frame: 4,
    frame_number: 5,
    shape: [514, 514],
    type: 'uint16',
    complete: true,
    missing_packets: 0,
    ...message,
  };
  const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const last = new LastFrame(view.lastFrameMemory.buffer, 0, frameBytes);
  last.store({ json: bytes(json), places: bytes(quadPlaces), pixels: new Uint8Array(pixels.buffer) });
}

t.test('the page and all that it names are served from the package, and may load nothing else', async (t) => {
  const app = await appFor(t, new HandMadeView());
  const page = await app.inject('/');
  t.equal(page.statusCode, 200);
  t.match(page.headers['content-type'], /^text\/html/);
  t.match(
    page.headers['content-security-policy'],
    /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';.*frame-ancestors 'none'/,
  );
  t.notMatch(page.payload, /<script(?![^>]*src=)|<style| style=| on[a-z]+=/, 'nothing that the policy forbids');
  t.notMatch(page.payload, /(?:src|href)="(?:[a-z]+:)?\/\//, 'nothing from elsewhere');
  const names = [...page.payload.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, name]) => `/${name}`);
  t.ok(names.length >= 3);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const file = await app.inject(name);
    t.equal(file.statusCode, 200, name);
    t.match(file.headers['content-security-policy'], /script-src 'self'/);
    if (name.endsWith('.js')) {
      t.match(file.headers['content-type'], /^text\/javascript/);
      for (const [, module] of file.payload.matchAll(/from '\.\/([^']+)'/g)) names.push(`/page/${module}`);
    }
    t.notMatch(file.payload, /@import|https?:\/\/(?!www\.w3\.org)/, `${name} names nothing from elsewhere`);
  }
  t.strictSame([...seen].sort(), ['/page/icon.svg', '/page/page.css', '/page/page.js']);
  const icon = await app.inject('/favicon.ico');
  t.equal(icon.statusCode, 200, 'what browsers look for by themselves');
  t.match(icon.headers['content-type'], /^image\/svg/);
  const licences = (await app.inject('/page/licences.txt')).payload;
  for (const name of ['uplot', 'd3-scale-chromatic', 'd3-color'])
    t.match(licences, new RegExp(`^${name} \\d`, 'm'), `the licence of ${name} comes along`);
});

t.test('only the files of the page are served', async (t) => {
  const app = await appFor(t, new HandMadeView());
  for (const url of [
    '/page/nothing.js',
    '/page/..%2f..%2fpackage.json',
    '/page/%2e%2e/main.js',
    '/page/tsconfig.json',
    '/page/colours.js',
  ]) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, 404, url);
    t.match(answer.json(), { problems: [/./] });
  }
  const nowhere = new URL('file:///there/is/no/such/folder/');
  t.equal(readPageFiles(undefined, nowhere).size, 0, 'a page that was not built is no file');
});

t.test(
  "a preview is asked for by size and part, and carries values, what is missing and the frame's facts",
  async (t) => {
    const none = await (await appFor(t, new HandMadeView())).inject('/api/v1/preview');
    t.equal(none.statusCode, 404);
    t.match(none.json(), { problems: [/no frame has been sent/] });
    const view = new HandMadeView();
    // Row 0 of the frame is the last of port 50002, which lies upside down: its packet 63. A saturated pixel has the
    // same value.
    keepFrame(view, [1, 2, 65535, ...new Array<number>(4 * 514 - 3).fill(65535), 7], {
      complete: false,
      missing_packets: 1,
      missing: { 50002: [[63, 63]] },
    });
    const app = await appFor(t, view);
    const preview = async (query: string): Promise<ReturnType<typeof readPreview>> => {
      const { statusCode, rawPayload: bytes } = await app.inject(`/api/v1/preview?${query}`);
      t.equal(statusCode, 200);
      return readPreview(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
    };
    const { head, values, holds } = await preview('size=16&rows=3-4&columns=0-2');
    t.match(head, { count: 1, frame: { frame: 4, frame_number: 5, complete: false }, factor: 1, width: 3, height: 2 });
    t.strictSame([...values], [0, 0, 0, 7, 0, 0], 'what is missing has no value');
    t.strictSame([...holds], [2, 2, 2, 1, 1, 1]);
    keepFrame(view, [65535, 2, 65534]);
    const saturated = await (async (): Promise<ReturnType<typeof readPreview>> => {
      const other = await appFor(t, view);
      const { rawPayload: bytes } = await other.inject('/api/v1/preview?rows=0-0&columns=0-2');
      return readPreview(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
    })();
    t.strictSame([...saturated.values], [65535, 2, 65534]);
    t.strictSame([...saturated.holds], [5, 1, 1], 'the same value, received: saturated');
    t.match((await preview('rows=1-1&columns=0-1')).head, { top: 1, left: 0, rows: 1, columns: 2 });
    const outside = await app.inject('/api/v1/preview?rows=514-600');
    t.equal(outside.statusCode, 404);
    t.match(outside.json(), { problems: [/nothing of the frame/] });
  },
);

t.test(
  'a preview of a frame that lies in the ring is asked for by number or index; compressed for who takes it',
  async (t) => {
    const view = new HandMadeView();
    const pixels = new Uint16Array(514 * 514);
    pixels.set([3, 4, 5]);
    const header = {
      ...{ htype: 'image', msg_number: 9, frame: 3, frame_number: 4711, shape: [514, 514], type: 'uint16' },
      ...{ complete: true, missing_packets: 0 },
    };
    const sent = (): LastSent => ({
      json: new TextEncoder().encode(JSON.stringify(header)),
      header,
      places: quadPlaces,
      pixels: new Uint8Array(pixels.buffer.slice(0)),
    });
    const app = await appFor(t, view);
    for (const [frame, wish] of [
      ['4711', { by: 'number', value: 4711 }],
      ['index-3', { by: 'index', value: 3 }],
    ] as const) {
      view.sent = sent();
      const plain = await app.inject(`/api/v1/preview?frame=${frame}&rows=0-0&columns=0-2`);
      t.equal(plain.statusCode, 200);
      t.strictSame(view.wishes.pop(), wish);
      const { head, values } = readPreview(plain.rawPayload.buffer.slice(plain.rawPayload.byteOffset) as ArrayBuffer);
      t.match(head, {
        frame: { frame_number: 4711 },
        total: { values: 3, sum: 12, largest: 5, saturated: 0, missing: 0 },
      });
      t.strictSame([...values], [3, 4, 5]);
      view.sent = sent();
      const packed = await app.inject({
        url: `/api/v1/preview?frame=${frame}&rows=0-0&columns=0-2`,
        headers: { 'accept-encoding': 'gzip, br' },
      });
      t.equal(packed.headers['content-encoding'], 'gzip');
      t.equal(Buffer.compare(gunzipSync(packed.rawPayload), plain.rawPayload), 0, 'the same bytes');
    }
    view.sent = 'gone';
    const gone = await app.inject('/api/v1/preview?frame=1');
    t.equal(gone.statusCode, 410);
    t.match(gone.json(), { problems: [/^preview: .*ring_frames/] });
    const wrong = await app.inject('/api/v1/preview?frame=first');
    t.equal(wrong.statusCode, 422);
    t.match(wrong.json(), { problems: [/^frame: "first": is no frame/] });
    for (const [number, status] of [
      ['9', 200],
      ['8', 410],
      ['x', 422],
    ] as const) {
      view.sent = sent();
      const answer = await app.inject(`/api/v1/preview?frame=index-3&rows=0-0&columns=0-2&msg_number=${number}`);
      t.equal(answer.statusCode, status);
    }
  },
);

t.test('what the mask covers is no value: not in the picture, not in the sums', async (t) => {
  const view = new HandMadeView();
  const masked = new Uint8Array(514 * 514);
  masked.set([0, 1, 1], 0);
  keepFrame(view, [3, 60000, 5, 7], { missing: {} }, masked);
  const app = await appFor(t, view);
  const { rawPayload } = await app.inject('/api/v1/preview?rows=0-0&columns=0-3');
  const { head, values, holds } = readPreview(rawPayload.buffer.slice(rawPayload.byteOffset) as ArrayBuffer);
  const { value, masked: covered } = blockHolds;
  t.strictSame([...holds], [value, covered, covered, value]);
  t.strictSame([values[0], values[3]], [3, 7]);
  t.match(head.total, { values: 2, sum: 10, largest: 7, saturated: 0, missing: 0 });
});

t.test('a preview asked for wrongly is refused with every problem', async (t) => {
  const app = await appFor(t, new HandMadeView());
  for (const [query, problems] of [
    ['size=15', [/^size: "15"/]],
    ['size=1025', [/^size/]],
    ['size=x&rows=3-1&columns=1', [/^rows: "3-1"/, /^columns: "1"/, /^size: "x"/]],
    ['rows=-1-4', [/^rows/]],
    ['size=20&size=30', [/^size/]],
  ] as const) {
    const answer = await app.inject(`/api/v1/preview?${query}`);
    t.equal(answer.statusCode, 422, query);
    const seen = answer.json<{ problems: string[] }>().problems;
    t.equal(seen.length, problems.length, query);
    for (const problem of problems)
      t.ok(
        seen.some((text) => problem.test(text)),
        `${query}: ${problem}`,
      );
  }
});

/** Read events until `enough` says so. */
async function events(
  url: string,
  enough: (names: string[]) => boolean,
): Promise<[name: string, data: Record<string, unknown>][]> {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  const found: [string, Record<string, unknown>][] = [];
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    const whole = text.split('\n\n');
    text = whole.pop() as string;
    for (const event of whole) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) as unknown as [string, string, string];
      found.push([name, JSON.parse(data) as Record<string, unknown>]);
    }
    if (enough(found.map(([name]) => name))) break;
  }
  abort.abort();
  return found;
}

t.test('events tell who the service is, the last minutes, then states and seconds', async (t) => {
  const view = new HandMadeView();
  view.state = { ...view.state, problems: ['the consumer is gone.'], last_series: summaryOf() };
  keepFrame(view, [1, 2, 3, 4, 5, 6]);
  const server = await startHttp(view, { host: '127.0.0.1', port: 0, logger: silent, build });
  t.teardown(() => server.close());
  const seen = await events(
    `${server.url}/page/events`,
    (names) => names.includes('sample') && names.filter((name) => name === 'state').length >= 2,
  );
  t.match(seen[0], [
    'about',
    {
      name: 'quad',
      version: '1.2.3',
      detector: 'eiger',
      shape: [514, 514],
      ports: [{ udp_port: 50001, rows_run: /up|down/ }, { udp_port: 50002 }],
    },
  ]);
  t.match(seen[1], ['history', { samples: [] }]);
  t.match(seen[2], [
    'state',
    {
      state: 'idle',
      problems: ['the consumer is gone.'],
      series: { open: false, series_id: 1, ports: [{ udp_port: 50001, expected: 1280, missing: 0 }, {}] },
      ring: { slots: 64, used: 3, used_max: 9 },
      frame: { count: 1, age_ms: Number },
    },
  ]);
  t.match(
    seen.find(([name]) => name === 'sample'),
    ['sample', { frames_per_second: 0, missing: [null, null] }],
  );
});

t.test('an open series is told with its causes so far', async (t) => {
  const view = new HandMadeView();
  const counters = portCountersOf({
    expected: 100,
    accepted: 91,
    missing: 10,
    lateFirst: 2,
    ringFull: 3,
    socketDropped: 1,
  });
  view.state = {
    ...view.state,
    state: 'open',
    series: {
      series_id: 2,
      filename: '/data/a.h5',
      auto: false,
      frames: 5,
      header_pending: false,
      msg_number_base: null,
      first_frame_number: 1,
      highest_frame_number: 3,
      images_sent: 2,
      complete: 1,
      marked: 1,
      discarded: 0,
      ports: [currentPortOf(50001, counters, 3)],
    },
  };
  const server = await startHttp(view, { host: '127.0.0.1', port: 0, logger: silent, build });
  t.teardown(() => server.close());
  const seen = await events(`${server.url}/page/events`, (names) => names.includes('state'));
  t.match(seen.find(([name]) => name === 'state')?.[1], {
    series: {
      open: true,
      frames: 5,
      images_sent: 2,
      ports: [{ expected: 100, accepted: 90, missing: 10, late: 2, ring: 3, socket: 1, unexplained: 4 }],
    },
  });
});

t.test('viewers are limited, and none keeps the server from closing', async (t) => {
  const server = await startHttp(new HandMadeView(), { host: '127.0.0.1', port: 0, logger: silent, build });
  const viewers = await Promise.all(Array.from({ length: viewerLimit }, () => fetch(`${server.url}/page/events`)));
  t.ok(viewers.every(({ status }) => status === 200));
  const refused = await fetch(`${server.url}/page/events`);
  t.equal(refused.status, 503);
  t.match(await refused.json(), { problems: [/too many viewers/] });
  await server.close();
  for (const viewer of viewers) await viewer.text();
});
