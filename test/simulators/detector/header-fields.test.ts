import t from 'tap';
import { headerFieldValue, significantBits } from '../../../simulators/detector/header-fields.js';
import { FrameVerifier } from '../../../simulators/consumer/verify.js';
import { quadSettings } from './settings-examples.js';

t.test('fields hold what the documentation says', async (t) => {
  const frame = 2 ** 32 + 1234;
  t.equal(headerFieldValue('expLength', 1, 32, frame), (frame % 1000) + 1, 'sub-frames of an Eiger');
  t.equal(headerFieldValue('expLength', 1, 16, frame), 0);
  t.equal(headerFieldValue('expLength', 6, 8, frame), (frame % 1000) + 1, 'exposure of the others');
  t.equal(headerFieldValue('detSpec1', 3, 16, frame), (frame % 1000) * 2 ** 32 + 1234);
  t.equal(headerFieldValue('detSpec1', 5, 16, frame), 0);
  t.equal(headerFieldValue('detSpec2', 7, 16, frame), frame % 2720);
  t.equal(headerFieldValue('detSpec3', 1, 16, frame), 0xe14a);
  t.equal(headerFieldValue('detSpec3', 3, 16, 17), 2 ** 31 + 256);
  t.equal(headerFieldValue('detSpec3', 3, 16, 30), 14 * 256);
});

t.test('values have the bits that the detector fills', async (t) => {
  t.equal(significantBits(6, 32), 24);
  t.equal(significantBits(6, 16), 16);
  t.equal(significantBits(7, 16), 14);
  t.equal(significantBits(1, 32), 32);
  t.equal(significantBits(3, 16), 16);
});

t.test('an image message must say what the packets said', async (t) => {
  const verifier = new FrameVerifier(quadSettings({ detector: 'gotthard2', quad: false, udpPorts: [1] }));
  const right = { frame_number: 3000, timestamp: 5, exposure: 1, train_id: 3000, bunch_id: 280 };
  t.strictSame(verifier.checkHeaderFields(right), []);
  t.match(verifier.checkHeaderFields({ ...right, bunch_id: 281 }), [/bunch_id is 281, the detector sent 280/]);
  t.match(verifier.checkHeaderFields({ ...right, exposure: undefined }), [
    /exposure is undefined, the detector sent 1/,
  ]);
  t.match(verifier.checkHeaderFields({ ...right, timestamp: -1 }), [/timestamp is -1, not a count of ticks/]);
  t.strictSame(
    verifier.checkHeaderFields({ frame_number: 3000, missing: { 1: [[0, 0]] } }),
    [],
    'no packet, no fields',
  );
  t.equal(verifier.checkHeaderFields({ ...right, missing: { 1: [[0, 0]] } }).length, 4);
});
