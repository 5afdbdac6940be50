// A full memory barrier, which JavaScript itself does not have. It keeps plain accesses to shared memory, and a word
// that says how far they are, in their order although neither side waits for the other. Why no `Atomics` operation does
// that: docs/decisions/0031-order-of-plain-accesses.md.

/** A WebAssembly module with one function, exported as `f`, of one instruction: `atomic.fence`. */
const code = Uint8Array.of(
  0x00,
  0x61,
  0x73,
  0x6d,
  0x01,
  0x00,
  0x00,
  0x00, // magic, version
  0x01,
  0x04,
  0x01,
  0x60,
  0x00,
  0x00, // type 0: () → ()
  0x03,
  0x02,
  0x01,
  0x00, // function 0 has type 0
  0x07,
  0x05,
  0x01,
  0x01,
  0x66,
  0x00,
  0x00, // export "f" = function 0
  0x0a,
  0x07,
  0x01,
  0x05,
  0x00,
  0xfe,
  0x03,
  0x00,
  0x0b, // its body: atomic.fence, end
);

/**
 * Every load and store of this thread before the call is made before every one after it, plain ones included. Allocates
 * nothing.
 */
export const fence = new WebAssembly.Instance(new WebAssembly.Module(code), {}).exports['f'] as () => void;
