import t from 'tap';
import { PixelStates, pixelState } from '../../src/detector/pixel-states.js';
import { pixelsOf, toldFrame } from '../../src/http/frame.js';
import { config, quadPlaces as places } from '../view/hand-made-view.js';

const pixels = new Uint8Array(514 * 514 * 2).fill(0xff);

t.test('a frame full of the largest value is missing only where its message says so', async (t) => {
  const states = new PixelStates(config.detector);
  const header = { shape: [514, 514], type: 'uint16' };
  const count = (state: number, message: object): number =>
    toldFrame({ header: { ...header, ...message }, places, pixels }, states).states.filter((of) => of === state).length;
  t.equal(count(pixelState.missing, {}), 0);
  t.equal(count(pixelState.value, {}), 512 * 512);
  t.equal(count(pixelState.missing, { missing: { 50001: [[3, 4]] } }), 2 * 2048);
  t.equal(toldFrame({ header, places, pixels }, states).saturation, 65535);
});

t.test('pixels are read wherever they begin', async (t) => {
  const shifted = new Uint8Array(9).subarray(1);
  shifted.set(new Uint8Array(Uint32Array.of(7, 4294967295).buffer));
  t.strictSame([...pixelsOf({ pixels: shifted, type: 'uint32' })], [7, 4294967295]);
  t.strictSame([...pixelsOf({ pixels: Uint8Array.of(1, 2), type: 'uint8' })], [1, 2]);
});
