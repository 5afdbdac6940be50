import t from 'tap';
import { LastFrame, lastFrameBytes } from '../../src/memory/last-frame.js';

const json = (text: string): Uint8Array => new TextEncoder().encode(text);
const places = json('{"positions":{}}');

t.test('nothing before the first frame, then always the latest, as a copy', async (t) => {
  const last = new LastFrame(new SharedArrayBuffer(lastFrameBytes(8)), 0, 8);
  t.equal(last.load(), null);
  for (let frame = 1; frame <= 5; frame++) {
    t.ok(last.store({ json: json(`{"frame":${frame}}`), places, pixels: new Uint8Array(8).fill(frame) }));
    t.equal(last.count, frame);
    const seen = last.load();
    t.equal(new TextDecoder().decode(seen?.json), `{"frame":${frame}}`);
    t.strictSame(seen?.pixels, new Uint8Array(8).fill(frame));
    t.strictSame(seen?.places, places);
  }
});

t.test('what was loaded does not change with later frames', async (t) => {
  const last = new LastFrame(new SharedArrayBuffer(lastFrameBytes(8)), 0, 8);
  last.store({ json: json('{}'), places, pixels: new Uint8Array(8).fill(1) });
  const seen = last.load();
  for (const value of [2, 3]) last.store({ json: json('{}'), places, pixels: new Uint8Array(8).fill(value) });
  t.strictSame(seen?.pixels, new Uint8Array(8).fill(1));
});

t.test('frames of fewer bytes, and none with a text that is too long', async (t) => {
  const last = new LastFrame(new SharedArrayBuffer(lastFrameBytes(8)), 0, 8);
  last.store({ json: json('{}'), places, pixels: new Uint8Array(3) });
  t.equal(last.load()?.pixels.length, 3);
  t.ok(last.store({ json: new Uint8Array(16384 - places.length), places, pixels: new Uint8Array(8) }));
  t.notOk(last.store({ json: new Uint8Array(16385 - places.length), places, pixels: new Uint8Array(8) }));
  t.equal(last.count, 2);
});
