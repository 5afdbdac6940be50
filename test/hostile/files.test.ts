// Files from outside, mutated: configurations, captures and flight recordings, HDF5 images. Each ends in a value, or in
// an error for the operator that says what is wrong; never in another error, never without end.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import { OperatorError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { options } from '../../src/config/schema.js';
import { readFlightRecord, writePcap } from '../../src/flight/pcap.js';
import type { FlightPacket } from '../../src/flight/pcap.js';
import { tellFlight } from '../../src/flight/story.js';
import { flightText } from '../../src/flight/text.js';
import { createForWriting } from '../../simulators/files/hdf5.js';
import { openHdf5Source } from '../../simulators/files/hdf5-source.js';
import { captureOf, openCapture } from '../../simulators/files/capture/capture.js';
import { DatagramReader } from '../../simulators/files/capture/datagrams.js';
import { exampleFile } from '../commands/repository.js';
import { capture, ethernet, ipv4, udp } from '../simulators/files/capture-file.js';
import { quadSettings } from '../simulators/detector/settings-examples.js';
import { mutated } from './byte-mutator.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-hostile-'));
t.teardown(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Longest message worth reading. */
const messageLimit = 20_000;

/** What became of it: `true` = a value came out. Anything but an OperatorError is a failure. */
function refusedOr(t: Test, what: string, use: () => void): boolean {
  try {
    use();
    return true;
  } catch (error) {
    if (!(error instanceof OperatorError))
      t.fail(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    else if (error.message.length === 0 || error.message.length > messageLimit)
      t.fail(`${what}: a message of ${error.message.length} characters`);
    return false;
  }
}

const plan = (text: string, name = 'softimax-eiger'): void => void makePlan(parseConfig(text, 'a.yaml', name), 4);

t.test('a mutated configuration gives a plan or says what is wrong', { timeout: 120_000 }, async (t) => {
  const example = readFileSync(exampleFile);
  let planned = 0;
  const count = 1500;
  for (let seed = 1; seed <= count; seed++) {
    const text = Buffer.from(mutated(example, new Random(seed))).toString();
    if (
      refusedOr(t, `seed ${seed}`, () => {
        plan(text);
      })
    )
      planned++;
  }
  t.ok(planned > 0 && planned < count, `${planned} of ${count} gave a plan`);
});

t.test('any value for any key gives a plan or says what is wrong', { timeout: 120_000 }, async (t) => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.integer(),
    fc.double(),
    fc.constantFrom(
      0,
      -1,
      2 ** 31,
      2 ** 53,
      1e300,
      NaN,
      '',
      '127.0.0.1',
      '::',
      true,
      null,
      [],
      {},
      [1, 1],
      [50001, 50002],
      'eiger',
      'jungfrau',
      'armed',
      '__proto__',
    ),
  );
  const entry = fc.dictionary(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...Object.keys(options)) },
      { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
    ),
    value,
    { maxKeys: 8 },
  );
  fc.assert(
    fc.property(entry, (keys) => {
      const text = JSON.stringify({ det: { detector: 'eiger', quad: true, udp_ports: [50001, 50002], ...keys } });
      try {
        plan(text, 'det');
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
      }
    }),
    { numRuns: 1500, seed: 20_261_127 },
  );
  t.pass('none threw anything else');
});

t.test('YAML that grows, nests or repeats without end is refused', async (t) => {
  const nine = (item: string | undefined): string => `[${new Array(9).fill(item).join(', ')}]`;
  const lists = [...'bcdefghij'].map((name, index) => `${name}: &${name} ${nine(`*${'abcdefghij'[index]}`)}\n`);
  const bomb = `a: &a ${nine('x')}\n${lists.join('')}det:\n  detector: *j\n`;
  for (const [what, text] of Object.entries({
    bomb,
    'a bomb in the place of a detector': bomb.replace(/det:[^]*/, 'det: *j\n'),
    'nested lists': `det: ${'['.repeat(50_000)}`,
    'nested maps': `det: ${'{a: '.repeat(20_000)}1${'}'.repeat(20_000)}`,
    'nested blocks': `det:\n${Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth + 1)}a:\n`).join('')}`,
    'itself inside': 'det: &d\n  detector: eiger\n  quad: *d\n',
    'merged with itself': 'det: &d\n  <<: *d\n  detector: eiger\n',
    'many keys': `det:\n${Array.from({ length: 20_000 }, (_, key) => `  k${key}: 1\n`).join('')}`.slice(0, 40_000),
    'a long number': `det:\n  detector: eiger\n  ring_frames: ${'9'.repeat(10_000)}\n`,
    'no text': '\0\0\0',
    'a tag': 'det: !!js/function "x"\n',
    'many documents': '---\n'.repeat(1000),
  })) {
    t.equal(
      refusedOr(t, what, () => {
        plan(text, 'det');
      }),
      false,
      what,
    );
  }
});

t.test(
  'a mutated capture is read to where it is damaged, and no byte of it is in two datagrams',
  { timeout: 120_000 },
  async (t) => {
    const packets = Array.from({ length: 20 }, (_, index) => ({
      seconds: index,
      bytes: ethernet(ipv4(udp(50001, new Uint8Array(60).fill(index)))),
    }));
    const original = capture(packets);
    let datagrams = 0;
    for (let seed = 1; seed <= 5000; seed++) {
      const bytes = mutated(original, new Random(seed), seed % 2 === 0 ? 200 : original.length);
      refusedOr(t, `seed ${seed}`, () => {
        const reader = new DatagramReader();
        let taken = 0;
        for (const record of captureOf('a.pcap', bytes).records()) {
          const datagram = reader.read(record);
          if (typeof datagram === 'string') continue;
          datagrams++;
          taken += datagram.payload.length;
          if (taken > bytes.length) t.fail(`seed ${seed}: ${taken} bytes out of ${bytes.length}`);
        }
      });
    }
    t.ok(datagrams > 5000);
    // Through a file, gzip'ed too: the same reader behind another supply of bytes.
    const file = join(folder, 'a.pcap.gz');
    const zipped = capture(packets, { gzip: true });
    for (let seed = 1; seed <= 200; seed++) {
      writeFileSync(file, mutated(seed % 2 === 0 ? zipped : original, new Random(seed)));
      const reader = new DatagramReader();
      refusedOr(t, `file, seed ${seed}`, () => {
        for (const record of openCapture(file).records()) reader.read(record);
      });
    }
  },
);

t.test('a mutated flight recording is told, or said to be none', { timeout: 120_000 }, async (t) => {
  const packets = Array.from({ length: 40 }, (_, index): FlightPacket => {
    const header = new Uint8Array(48);
    header[0] = 1 + Math.floor(index / 4);
    header[12] = index % 4;
    return {
      udpPort: 50001,
      timeMs: 1_700_000_000_000 + index,
      length: 4144,
      class: index % 9 === 0 ? 'duplicate' : 'accepted',
      header,
    };
  });
  const original = Buffer.concat([...writePcap(() => '127.0.0.1', packets)]);
  let told = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const bytes = mutated(original, new Random(seed));
    refusedOr(t, `seed ${seed}`, () => {
      const records = [...captureOf('a.pcap', bytes).records()].map(readFlightRecord);
      if (records.some((record) => record === null)) return;
      const text = flightText('a.pcap', tellFlight(records.filter((record) => record !== null)));
      if (text.length > 100_000) t.fail(`seed ${seed}: a story of ${text.length} characters`);
      told++;
    });
  }
  t.ok(told > 100, `${told} were told`);
});

t.test('a mutated HDF5 file gives images of the right size, or is refused', { timeout: 120_000 }, async (t) => {
  const file = join(folder, 'images.h5');
  const written = await createForWriting(file);
  written.create_dataset({
    name: 'raw',
    data: new Uint16Array(512 * 512),
    shape: [1, 512, 512],
    chunks: [1, 64, 512],
    compression: 'gzip',
  });
  written.close();
  const original = readFileSync(file);
  let read = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const damaged = join(folder, `damaged-${seed}.h5`);
    writeFileSync(damaged, mutated(original, new Random(seed), seed % 3 === 0 ? original.length : 3000));
    try {
      const source = await openHdf5Source(damaged, 'raw', quadSettings());
      try {
        const { length } = source.portImage(0, 0);
        if (length !== 256 * 512) t.fail(`seed ${seed}: ${length} pixels`);
        read++;
      } finally {
        source.close();
      }
    } catch (error) {
      if (!(error instanceof OperatorError))
        t.fail(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    rmSync(damaged);
  }
  t.ok(read > 0, `${read} of 60 were read`);
});
