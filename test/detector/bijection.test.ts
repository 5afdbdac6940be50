import fc from 'fast-check';
import t from 'tap';
import { makeLayout } from '../../src/detector/layout.js';
import { maxPieces, makePieceTable } from '../../src/detector/piece-table.js';
import { families, profileOf } from '../../src/detector/profiles.js';
import type { ProfileChoice } from '../../src/detector/profile.js';
import type { DetectorSettings } from '../../src/detector/settings.js';

t.setTimeout(400_000);

/** Any detector with any settings that it has, up to three units in each direction. */
const anySettings: fc.Arbitrary<DetectorSettings> = fc.constantFrom(...Object.keys(families)).chain((detector) => {
  const family = families[detector];
  const { choices, values } = family;
  const one = <Key extends keyof Omit<ProfileChoice, 'dynamicRange'>>(
    key: Key,
    fallback: ProfileChoice[Key],
  ): fc.Arbitrary<ProfileChoice[Key]> => fc.constantFrom(...(choices[key] ?? [fallback]));
  return fc
    .record({
      detector: fc.constant(detector),
      quad: one('quad', false),
      tenGiga: one('tenGiga', true),
      interfaces: one('interfaces', 1),
      counters: one('counters', 1),
      flat: one('flat', false),
      dynamicRange: fc.constantFrom(...Object.keys(values.depths).map(Number)),
      lowNibbleFirst: fc.boolean(),
      gapPixels: fc.boolean(),
      modules: fc.tuple(
        values.portImage.rows === 1 ? fc.constant(1) : fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
      ),
      flips: fc.array(fc.boolean(), { maxLength: 4 }),
    })
    .map(({ flips, ...settings }): DetectorSettings => {
      const modules: [number, number] = settings.quad ? [1, 1] : settings.modules;
      const { unitPorts } = profileOf(detector, settings);
      const udpPorts = Array.from(
        { length: unitPorts.rows * unitPorts.columns * modules[0] * modules[1] },
        (_, index) => 50001 + index,
      );
      return {
        ...settings,
        modules,
        readNRows: null,
        udpPorts,
        portsOff: [],
        flipRows: new Map(flips.slice(0, udpPorts.length).map((flip, index) => [50001 + index, flip])),
        portPositions: new Map(),
      };
    });
});

t.test('every wire pixel has one place in the frame, and every place that is no gap has one wire pixel', async () => {
  fc.assert(
    fc.property(anySettings, (settings) => {
      const layout = makeLayout(settings);
      const { profile, shape, pixelBytes, wireBits, payloadBytes, packetsPerPortImage } = layout;
      const perPort = profile.portImage.rows * profile.portImage.columns;
      // For each pixel of the frame: how often something is placed there.
      const placed = new Uint8Array(shape[0] * shape[1]);
      let pixels = 0;
      for (const port of layout.ports) {
        const table = makePieceTable(layout, port.expectedPosition, port.flip);
        if (table.pieces.length / 3 > maxPieces(layout)) return false;
        // For each pixel of the wire: how often it is taken.
        const taken = new Uint8Array(perPort);
        const unit = layout.decode === 'copy' ? 8 : 4;
        const take = (packet: number, bit: number, offset: number): void => {
          const pixel = (packet * payloadBytes * 8 + bit) / wireBits;
          taken[pixel] = taken[pixel] + 1;
          placed[offset / pixelBytes] = placed[offset / pixelBytes] + 1;
          pixels++;
        };
        for (let packet = 0; packet < packetsPerPortImage; packet++) {
          for (let piece = table.starts[packet]; piece < table.starts[packet + 1]; piece++) {
            const [from, to, length] = [0, 1, 2].map((word) => table.pieces[piece * 3 + word]) as [
              number,
              number,
              number,
            ];
            if (from * unit + (length / pixelBytes) * wireBits > payloadBytes * 8) return false;
            for (let pixel = 0; pixel < length / pixelBytes; pixel++)
              take(packet, from * unit + pixel * wireBits, to + pixel * pixelBytes);
          }
          const shared = table.seams[packet * 2] ?? -1;
          if (shared >= 0) take(packet, -table.seams[packet * 2 + 1], shared);
        }
        if (taken.some((times) => times !== 1)) return false;
      }
      const covered = placed.reduce((sum, times) => sum + (times > 0 ? 1 : 0), 0);
      return (
        pixels === perPort * layout.ports.length &&
        covered === pixels &&
        placed.every((times) => times <= 1) &&
        (settings.gapPixels || covered === placed.length)
      );
    }),
    { numRuns: 60 },
  );
});

t.test('a partial readout takes the places that the same packets have in a whole one', async () => {
  fc.assert(
    fc.property(anySettings, fc.integer({ min: 1, max: 8 }), (whole, part) => {
      const all = makeLayout(whole);
      const { partialReadout, unitPorts, portImage } = all.profile;
      if (partialReadout === 'none') return true;
      const rows = (portImage.rows * (partialReadout === 'centre_of_unit' ? unitPorts.rows : 1) * part) / 8;
      let layout;
      try {
        layout = makeLayout({ ...whole, readNRows: rows });
      } catch {
        return true;
      }
      const { expectedPackets } = layout;
      return layout.ports.every(({ expectedPosition, flip }) => {
        const { firstPacket } = layout.positions[expectedPosition] as { firstPacket: number };
        const few = makePieceTable(layout, expectedPosition, flip);
        const many = makePieceTable(all, expectedPosition, flip);
        const [from, end] = [firstPacket, firstPacket + expectedPackets].map((packet) => many.starts[packet] * 3) as [
          number,
          number,
        ];
        return Buffer.compare(Buffer.from(few.pieces.buffer), Buffer.from(many.pieces.slice(from, end).buffer)) === 0;
      });
    }),
    { numRuns: 60 },
  );
});
