// Changes bytes of something that was right: bits turned, bytes overwritten, pieces cut out, doubled, moved, the end
// cut off. The same random numbers give the same bytes.

import type { Random } from '../../src/base/random.js';

/** Values at which programs trip. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x2d, 0x3a, 0x5b, 0x7b];

/** A changed copy of `bytes`; `reach`: changes are made before this position only. */
export function mutated(bytes: Uint8Array, random: Random, reach = bytes.length): Uint8Array {
  // (slice() of a Buffer would be the same memory.)
  let copy: Uint8Array = new Uint8Array(bytes);
  const where = (): number => random.integer(Math.max(1, Math.min(reach, copy.length)));
  for (let changes = 1 + random.integer(4); changes > 0; changes--) {
    const at = where();
    switch (random.integer(8)) {
      case 0:
        copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(8));
        break;
      case 1:
        copy[at] = random.integer(256);
        break;
      case 2:
        copy[at] = random.pick(edges);
        break;
      case 3:
        copy.fill(random.pick([0, 255]), at, Math.min(copy.length, at + random.pick([2, 4, 8])));
        break;
      case 4:
        copy = copy.slice(0, at);
        break;
      case 5:
        copy = joined(copy.subarray(0, at), copy.subarray(at + 1 + random.integer(16)));
        break;
      case 6: {
        const to = at + 1 + random.integer(32);
        copy = joined(copy.subarray(0, to), copy.subarray(at));
        break;
      }
      default:
        copy.copyWithin(at, where(), where());
    }
  }
  return copy;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
