import fc from 'fast-check';
import t from 'tap';
import { makeLayout } from '../../src/detector/layout.js';
import { makePieceTable, maxPieces } from '../../src/detector/piece-table.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { frameLayout } from '../../simulators/detector/layout.js';
import { gridSettings, quadSettings } from '../simulators/detector/settings-examples.js';

const settings = fc
  .record({
    shape: fc.constantFrom<'quad' | readonly [number, number]>('quad', [1, 1], [2, 1], [2, 2], [4, 2]),
    gapPixels: fc.boolean(),
    dynamicRange: fc.constantFrom(8, 16, 32),
    tenGiga: fc.boolean(),
    flips: fc.array(fc.option(fc.boolean()), { maxLength: 16 }),
  })
  .map(({ shape, flips, ...changes }): DetectorSettings => {
    const made = shape === 'quad' ? quadSettings(changes) : gridSettings(shape[0], shape[1], changes);
    const flipRows = new Map<number, boolean>();
    made.udpPorts.forEach((port, index) => {
      const flip = flips[index];
      if (flip !== undefined && flip !== null) flipRows.set(port, flip);
    });
    return { ...made, flipRows };
  });

t.test('every wire pixel has one place in the frame, every pixel that is no gap one wire pixel', async () => {
  fc.assert(
    fc.property(settings, (of) => {
      const layout = makeLayout(of);
      const size = layout.pixelBytes;
      const covered = new Uint8Array(layout.frameBytes / size);
      for (const port of layout.ports) {
        const { starts, pieces } = makePieceTable(layout, port.expectedPosition, port.flip);
        if (pieces.length / 3 > maxPieces(layout)) return false;
        let wire = 0;
        for (let packet = 0; packet < layout.expectedPackets; packet++) {
          let from = 0;
          for (let piece = starts[packet]; piece < starts[packet + 1]; piece++) {
            const [offset, to, length] = pieces.subarray(piece * 3, piece * 3 + 3) as unknown as [
              number,
              number,
              number,
            ];
            if (offset !== from || to % size !== 0 || length % size !== 0 || to < 0 || to + length > layout.frameBytes)
              return false;
            from += length;
            for (let at = to / size; at < (to + length) / size; at++) covered[at]++;
          }
          if (from !== layout.payloadBytes) return false;
          wire += from;
        }
        if (wire !== 256 * 512 * size) return false;
      }
      // Which pixels are gaps is asked of the checking side's own geometry.
      for (const [start, length] of frameLayout(of).gaps) for (let at = start; at < start + length; at++) covered[at]++;
      return covered.every((count) => count === 1);
    }),
    { numRuns: 25, seed: 20 },
  );
});

t.test('with partial readout the table has the packets that are read out', async (t) => {
  const layout = makeLayout(quadSettings({ readNRows: 64 }));
  const whole = makePieceTable(makeLayout(quadSettings()), 0, null);
  const part = makePieceTable(layout, 0, null);
  t.equal(part.starts.length, 17);
  t.strictSame(part.pieces, whole.pieces.subarray(0, part.pieces.length));
});

t.test('rows of a whole packet without gaps are one piece', async (t) => {
  const layout = makeLayout(quadSettings({ gapPixels: false, flipRows: new Map([[50001, false]]) }));
  t.equal(makePieceTable(layout, 0, false).pieces.length / 3, 64);
  t.equal(makePieceTable(layout, 0, true).pieces.length / 3, 256, 'upside down each row is one');
});
