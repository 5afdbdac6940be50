import fc from 'fast-check';
import t from 'tap';
import { modes, expectedFrame } from './modes.js';
import type { Mode } from './modes.js';
import { Pipeline } from './pipeline.js';
import { shuffle } from './shuffle.js';

t.setTimeout(400_000);

/** 16 rows of 12 bit: 3 packets of 10 GbE and 12 of 1 GbE, of which two in three begin inside a pixel pair. */
const keys = (tenGiga: boolean): string =>
  `detector: eiger\nquad: true\ndynamic_range: 12\nread_n_rows: 16\nten_giga: ${tenGiga}\nudp_ports: [50001, ` +
  '50002]\nseries: armed\nring_frames: 5\nframe_timeout_ms: 10\nstart_window_ms: 2\ndrain_ms: 5';
const whole = modes.find(({ name }) => name === 'Eiger quad, 12 bit, 10 GbE') as Mode;

t.test('12 bit with any packets lost, in any order, twice: a pixel is there when all of its packets are', async () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
      fc.integer(),
      (tenGiga, compiled, comes, seed) => {
        const pipeline = new Pipeline({ yaml: keys(tenGiga), compiled });
        pipeline.sink.connect();
        pipeline.arm({ frames: 1, firstFrameNumber: 1 });
        const packets = tenGiga ? 3 : 12;
        const lost = new Map([0, 1].map((port) => [port, new Set<number>()]));
        const sent: [port: number, packet: number][] = [];
        for (const port of [0, 1]) {
          for (let packet = 0; packet < packets; packet++) {
            if (comes[port * 12 + packet] === true) sent.push([port, packet], [port, packet]);
            else lost.get(port)?.add(packet);
          }
        }
        if (sent.length === 0) return true;
        for (const [port, packet] of shuffle(sent, seed)) pipeline.send(port, 1, [packet]);
        pipeline.run(60);
        if (!pipeline.idle) pipeline.stop();
        if (pipeline.verify().length > 0) return false;
        const source = {
          ...whole.source,
          at: (y: number, x: number): number =>
            y >= 240 && y < 274 ? whole.source.at(y, x) : whole.source.at(y, x) < 0 ? -1 : -2,
        };
        const expected = expectedFrame({ ...whole, payloadBytes: tenGiga ? 4096 : 1024, source }, 1, lost);
        const seen = pipeline.sink.received[1]?.parts[1];
        return Buffer.compare(seen, new Uint8Array(expected.buffer)) === 0;
      },
    ),
    { numRuns: 60 },
  );
});
