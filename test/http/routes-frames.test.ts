import t from 'tap';
import type { Test } from 'tap';
import type { FastifyInstance } from 'fastify';
import { makeApp } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { HandMadeView, quadPlaces } from '../view/hand-made-view.js';

const silent = makeLogger('error', 'quad', { write: () => undefined });

async function appFor(t: Test, view: HandMadeView): Promise<FastifyInstance> {
  const app = await makeApp(view, { logger: silent, build: { version: '1.2.3', backend: 'dgram' } });
  t.teardown(() => app.close());
  return app;
}

type Answer = Awaited<ReturnType<FastifyInstance['inject']>>;

const header = { msg_number: 9, frame: 16, frame_number: 17, shape: [514, 514], type: 'uint16', missing: {} };
const json = new TextEncoder().encode(JSON.stringify(header));

t.test('a frame as npy, as a picture, and as it was sent', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  const pixels = new Uint8Array(new Uint16Array(514 * 514).fill(258).buffer);
  const get = async (query: string): Promise<Answer> => {
    view.sent = { json, header, places: quadPlaces, pixels: pixels.slice() };
    return app.inject(`/api/v1/frames/${query}`);
  };
  const npy = await get('17');
  t.equal(npy.statusCode, 200);
  t.equal(npy.headers['content-disposition'], 'attachment; filename="frame_17.npy"');
  t.match(npy.rawPayload.toString('latin1', 0, 128), /NUMPY.*'<u2'.*\(514, 514\)/);
  t.equal(Buffer.compare(npy.rawPayload.subarray(128), pixels), 0);
  t.strictSame((await get('17?as=npy')).rawPayload, npy.rawPayload);

  const sent = (await get('index-16?as=sent')).rawPayload;
  t.equal(sent.readUInt32LE(0), json.length);
  t.strictSame(JSON.parse(sent.toString('utf8', 4, 4 + json.length)), header);
  t.equal(Buffer.compare(sent.subarray(4 + json.length), pixels), 0);

  const png = await get('latest?as=png');
  t.equal(png.headers['content-type'], 'image/png');
  t.equal(png.rawPayload.toString('latin1', 1, 4), 'PNG');
  t.equal(png.rawPayload.readUInt32BE(16), 514);
  t.strictSame(view.wishes, [
    { by: 'number', value: 17 },
    { by: 'number', value: 17 },
    { by: 'index', value: 16 },
    'latest',
  ]);
});

t.test('a frame that is not there is 404 or 410, each with its reason; one that is none 422', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  for (const [reason, status, text] of [
    ['nothing_sent', 404, /no frame has been sent/],
    ['not_sent', 404, /not sent yet/],
    ['not_ours', 404, /another instance/],
    ['gone', 410, /newer frame.*ring_frames/],
    ['form_gone', 410, /form in which it was sent.*as=npy/],
  ] as const) {
    view.sent = reason;
    const answer = await app.inject('/api/v1/frames/17?as=sent');
    t.equal(answer.statusCode, status);
    t.match(answer.json(), { problems: [text] });
  }
  for (const wish of [
    '',
    '-1',
    '1.5',
    'index-',
    'index--1',
    'last',
    '9007199254740992',
    '17?as=tiff',
    '17?as=npy&as=png',
  ]) {
    const answer = await app.inject(`/api/v1/frames/${wish}`);
    t.equal(answer.statusCode, 422, wish);
    t.match(answer.json(), { problems: [/must be/] });
  }
  t.equal(view.wishes.length, 5);
});

t.test('with the number of its message a frame of another series is none, whatever its index', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  const pixels = new Uint8Array(514 * 514 * 2);
  const get = (query: string): Promise<Answer> => app.inject(`/api/v1/frames/${query}`);
  view.sentFrame = () => ({ json, header, places: quadPlaces, pixels: pixels.slice() });
  t.equal((await get('index-16?msg_number=9')).statusCode, 200);
  t.equal((await get('17?msg_number=9')).statusCode, 200);
  for (const other of ['index-16?msg_number=8', '17?msg_number=10']) t.equal((await get(other)).statusCode, 410, other);
  const wrong = await get('17?msg_number=first');
  t.equal(wrong.statusCode, 422);
  t.match(wrong.json(), { problems: ['msg_number: "first"; it must be a number'] });
  // The series sent last has not come so far: index 16 was message 9.
  view.sentFrame = (wish) =>
    wish === 'latest' ? { json, header, places: quadPlaces, pixels: pixels.slice() } : 'not_sent';
  t.equal((await get('index-18?msg_number=11')).statusCode, 404, 'of the same series, still to come');
  t.equal((await get('index-18?msg_number=5')).statusCode, 410, 'of a series before');
  t.equal((await get('19?msg_number=11')).statusCode, 404, 'by its number, still to come');
  t.equal((await get('19?msg_number=5')).statusCode, 410, 'by its number, of a series before');
});

t.test('pictures wait for a thread, and not without limit', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  view.sentFrame = () => ({ json, header, places: quadPlaces, pixels: new Uint8Array(514 * 514 * 2) });
  const answers = await Promise.all(Array.from({ length: 12 }, () => app.inject('/api/v1/frames/17?as=png')));
  const statuses = answers.map(({ statusCode }) => statusCode);
  t.equal(statuses.filter((status) => status === 200).length, 4);
  t.equal(statuses.filter((status) => status === 503).length, 8);
});
