import t from 'tap';
import { npy } from '../../src/http/npy.js';

const headOf = (file: Buffer): string => file.toString('latin1', 10, 10 + file.readUInt16LE(8));

t.test('a file has magic, version 1.0, a dictionary padded to 64 bytes, and the pixels', (t) => {
  const file = npy(Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0), 'uint16', [2, 3]);
  t.equal(file.toString('hex', 0, 8), '934e554d50590100');
  t.equal(headOf(file).trimEnd(), "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }");
  t.equal(headOf(file).at(-1), '\n');
  t.equal(file.length - 12, 128);
  t.equal(file.toString('hex', 128), '010002000300040005000600');
  t.end();
});

t.test('each pixel type has its description, one axis its comma', (t) => {
  t.match(headOf(npy(new Uint8Array(4), 'uint8', [4])), "'descr': '|u1', 'fortran_order': False, 'shape': (4,)");
  t.match(headOf(npy(new Uint8Array(4), 'uint32', [1, 1])), "'descr': '<u4'");
  t.end();
});

t.test('pixels that do not fill the shape are an assertion', (t) => {
  t.throws(() => npy(new Uint8Array(11), 'uint16', [2, 3]), { name: 'AssertionFailed' });
  t.end();
});
