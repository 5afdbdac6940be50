import fc from 'fast-check';
import t from 'tap';
import { anyPosition, checkPacket, makeCheckTable, unknownPosition, verdict } from '../../src/assembly/packet-check.js';
import { makeLayout } from '../../src/detector/layout.js';
import { gridSettings } from '../simulators/detector/settings-examples.js';

const layout = makeLayout(gridSettings(2, 1));
const table = makeCheckTable(layout, layout.ports[0]);

/** A packet of frame 2^32 + 1, packet 3, row 1, column 1, written byte by byte; `at` bytes into a larger memory. */
function golden(at: number): DataView {
  const bytes = new Uint8Array(at + 4144);
  bytes.set([1, 0, 0, 0, 1, 0, 0, 0], at);
  bytes.set([3, 0, 0, 0], at + 12);
  bytes.set([1, 0, 1, 0], at + 34);
  bytes.set([1, 2], at + 46);
  return new DataView(bytes.buffer);
}

const check = (
  change: (view: DataView) => void = () => undefined,
  length = 4144,
  position: number = unknownPosition,
): number => {
  const view = golden(8);
  change(view);
  return checkPacket(table, view, 8, length, position);
};

t.test('golden bytes are a packet, and each field at its border', async (t) => {
  t.equal(check(), verdict.ok);
  t.equal(
    check(() => undefined, 40),
    verdict.headerPacket,
  );
  for (const length of [0, 39, 41, 4143, 4145])
    t.equal(
      check(() => undefined, length),
      verdict.size,
    );
  for (const version of [0, 1, 3, 255])
    t.equal(
      check((view) => view.setUint8(8 + 47, version)),
      verdict.version,
    );
  for (const type of [0, 2, 3])
    t.equal(
      check((view) => view.setUint8(8 + 46, type)),
      verdict.detectorType,
    );
  t.equal(
    check((view) => view.setUint32(8 + 12, 63, true)),
    verdict.ok,
  );
  for (const packet of [64, 2 ** 31, 2 ** 32 - 1])
    t.equal(
      check((view) => view.setUint32(8 + 12, packet, true)),
      verdict.packetNumber,
    );
  t.equal(
    check((view) => view.setUint16(8 + 34, 2, true)),
    verdict.position,
  );
  t.equal(
    check((view) => view.setUint16(8 + 36, 2, true)),
    verdict.position,
  );
  t.equal(
    check((view) => view.setUint16(8 + 36, 256, true)),
    verdict.position,
    'all 16 bits count',
  );
});

t.test('frame numbers from 0 to 2^53 - 3', async (t) => {
  const numbered = (high: number, low: number): number =>
    check((view) => {
      view.setUint32(8, low, true);
      view.setUint32(12, high, true);
    });
  t.equal(numbered(0, 0), verdict.ok);
  t.equal(numbered(0, 1), verdict.ok);
  t.equal(numbered(1, 0), verdict.ok);
  t.equal(numbered(0x1fffff, 0xfffffffd), verdict.ok);
  t.equal(numbered(0x1fffff, 0xfffffffe), verdict.frameNumber);
  t.equal(numbered(0x200000, 0), verdict.frameNumber);
  t.equal(numbered(0xffffffff, 0xffffffff), verdict.frameNumber);
});

t.test('a port with a place takes only its own, one placed by configuration any', async (t) => {
  t.equal(check(undefined, 4144, 3), verdict.ok);
  t.equal(check(undefined, 4144, 2), verdict.position);
  t.equal(
    check((view) => view.setUint16(8 + 34, 9, true), 4144, anyPosition),
    verdict.ok,
  );
});

t.test('whatever the bytes are, the check ends and looks at nothing outside the datagram', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), fc.nat(5000), (header, length) => {
      const found = checkPacket(table, new DataView(header.buffer), 0, length, unknownPosition);
      return (
        Object.values(verdict).includes(found) &&
        (length === 4144 || found === verdict.size || found === verdict.headerPacket)
      );
    }),
  );
});
