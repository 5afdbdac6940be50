// Tests src/control/sls/preview-json.ts with what PSI's receiver 10.0.1 has sent.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { endJson, imageJson } from '../../../src/control/sls/preview-json.js';
import type { PreviewFacts } from '../../../src/control/sls/preview-json.js';
import { headerOffset } from '../../../src/detector/packet-header.js';

const folder = join(process.env['VDCU_CAPTURES'] ?? join(import.meta.dirname, '../../../../../shared/captures'), 'tcp');

type Message = readonly [port: string, parts: number, sizes: readonly number[], text: string];

/** The facts that a recorded text tells. */
function factsOf(text: string): PreviewFacts {
  const told = JSON.parse(text) as Record<string, number> & {
    fname: string;
    shape: [number, number];
    detshape: [number, number];
    rx_roi: [number, number, number, number];
  };
  const header = new Uint8Array(48);
  const view = new DataView(header.buffer);
  view.setUint32(headerOffset.expLength, told['expLength'] ?? 0, true);
  view.setBigUint64(headerOffset.detSpec1, BigInt(told['detSpec1'] ?? 0), true);
  view.setBigUint64(headerOffset.timestamp, BigInt(told['timestamp'] ?? 0), true);
  for (const name of ['modId', 'row', 'column', 'detSpec2', 'detSpec4'] as const)
    view.setUint16(headerOffset[name], told[name] ?? 0, true);
  view.setUint32(headerOffset.detSpec3, told['detSpec3'] ?? 0, true);
  view.setUint8(headerOffset.detType, told['detType'] ?? 0);
  view.setUint8(headerOffset.version, told['version'] ?? 0);
  const frameIndex = told['frameIndex'] ?? 0;
  return {
    bitmode: told['bitmode'] ?? 0,
    fileIndex: BigInt(told['fileIndex'] ?? 0),
    detshape: told.detshape,
    shape: told.shape,
    size: told['size'] ?? 0,
    frameIndex,
    frameNumber: told['frameNumber'] ?? 0,
    frames: (100 * (frameIndex + 1)) / (told['progress'] ?? 1),
    fname: told.fname,
    packets: told['packetNumber'] ?? 0,
    complete: told['completeImage'] === 1,
    header,
    place: { row: 0, column: 0, detType: 0 },
    roi: told.rx_roi,
    flipRows: told['flipRows'] === 1,
    quad: told['quad'] === 1,
    jsonHeader: new Map(),
  };
}

for (const name of ['zmq_eiger_2half', 'zmq_jungfrau_2if']) {
  const file = join(folder, `${name}.json`);
  const skip = existsSync(file) ? false : `no captures in ${folder}`;
  t.test(`each message of ${name} is written as it was recorded, byte for byte`, { skip }, async (t) => {
    const messages = JSON.parse(readFileSync(file, 'utf8')) as Message[];
    t.ok(messages.length > 10);
    for (const [, parts, [bytes], text] of messages) {
      const ours = parts === 1 ? endJson : imageJson(factsOf(text));
      t.equal(ours, text);
      t.equal(Buffer.byteLength(ours), bytes);
    }
  });
}

const plain: PreviewFacts = {
  bitmode: 16,
  fileIndex: 3n,
  detshape: [1, 2],
  shape: [512, 256],
  size: 262_144,
  frameIndex: 2,
  frameNumber: 12,
  frames: 9,
  fname: '/data/x/run',
  packets: 0,
  complete: false,
  header: null,
  place: { row: 1, column: 0, detType: 1 },
  roi: [0, 511, 0, 255],
  flipRows: true,
  quad: true,
  jsonHeader: new Map([['sample', 'gold "99"']]),
};

t.test('of an image of which nothing came its place is told, and what the user wants beside it', async (t) => {
  t.match(JSON.parse(imageJson(plain)), {
    row: 1,
    detType: 1,
    version: 2,
    packetNumber: 0,
    completeImage: 0,
    progress: 100 / 3,
    addJsonHeader: { sample: 'gold "99"' },
    flipRows: 1,
    quad: 1,
  });
});

t.test('a text stays below 1000 bytes: words are left out, never fields', async (t) => {
  const words = Array.from({ length: 20 }, (_, index) => [`key${index}`.padEnd(20, 'k'), 'v'.repeat(20)] as const);
  const text = imageJson({ ...plain, jsonHeader: new Map(words) });
  t.ok(Buffer.byteLength(text) < 1000);
  const told = JSON.parse(text) as Record<string, unknown>;
  t.ok(Object.keys(told['addJsonHeader'] as object).length > 5, 'as many words as there is room for');
  t.strictSame(told['rx_roi'], [0, 511, 0, 255]);
  const many = new Map(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, 'v'] as const));
  const asMany = JSON.parse(imageJson({ ...plain, jsonHeader: many })) as Record<string, unknown>;
  const kept = Object.keys(asMany['addJsonHeader'] as object);
  t.strictSame(kept, [...many.keys()].slice(0, kept.length));
  const room = new Map([...many].slice(0, kept.length + 1));
  t.ok(kept.length > 10 && Buffer.byteLength(imageJson({ ...plain, jsonHeader: room })) < 1000);
  t.equal(
    Object.keys((JSON.parse(imageJson({ ...plain, jsonHeader: room })) as { addJsonHeader: object }).addJsonHeader)
      .length,
    kept.length,
    'there is no room for one more',
  );
  const long = imageJson({ ...plain, fname: `/${'x'.repeat(900)}` });
  t.ok(Buffer.byteLength(long) < 1000);
  t.match((JSON.parse(long) as Record<string, unknown>)['fname'], /^x{300,}$/, 'of a name that is too long, its end');
});
