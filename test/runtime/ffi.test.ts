import t from 'tap';
import { addressOf, errnoName, ffiUnavailable, lastErrno, libc, openLibrary } from '../../src/runtime/ffi.js';

const missing = ffiUnavailable();
const skip = missing === null ? {} : { skip: missing };

t.test(
  'where C functions cannot be called, the reason and the portable way are named',
  missing === null ? { skip: 'they can be called here' } : {},
  async (t) => {
    t.type(missing, 'string');
    t.throws(() => libc(), { name: 'OperatorError', message: /receive: dgram/ });
  },
);

t.test('another system or processor is told apart before anything is loaded', async (t) => {
  for (const [key, value, says] of [
    ['platform', 'darwin', /Linux only, this is darwin/],
    ['arch', 's390x', /x64 and arm64 only, this is s390x/],
  ] as const) {
    const own = Object.getOwnPropertyDescriptor(process, key) as PropertyDescriptor;
    if (key === 'arch' && process.platform !== 'linux') continue;
    Object.defineProperty(process, key, { ...own, value });
    try {
      // A second instance of the module, which has not looked yet.
      const fresh = (await import(`../../src/runtime/ffi.js?${key}`)) as typeof import('../../src/runtime/ffi.js');
      t.match(fresh.ffiUnavailable(), says);
      t.throws(() => fresh.libc(), { name: 'OperatorError', message: /receive: dgram/ });
    } finally {
      Object.defineProperty(process, key, own);
    }
  }
});

t.test('a call that fails leaves its reason', skip, async (t) => {
  t.equal(libc().close(-1), -1);
  t.equal(errnoName(lastErrno()), 'EBADF');
  t.equal(errnoName(98), 'EADDRINUSE');
  t.match(errnoName(99999), /99999/);
});

t.test('C reads and writes the shared memory at its address', skip, async (t) => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const bytes = new Uint8Array(buffer);
  const memset = openLibrary(null).func('uintptr_t memset(uintptr_t to, int value, size_t bytes)');
  memset(addressOf(buffer) + 100n, 7, 3);
  t.strictSame([...bytes.slice(99, 104)], [0, 7, 7, 7, 0]);
});

t.test('a library that is not there is an error for the operator', skip, async (t) => {
  t.throws(() => openLibrary('/nowhere/libnothing.so'), {
    name: 'OperatorError',
    message: /^\/nowhere\/libnothing\.so: not a library/,
  });
  t.throws(() => openLibrary(null).func('int no_such_function_anywhere()'));
});
