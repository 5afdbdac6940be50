import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { FrameFile } from '../../simulators/files/frame-file.js';
import { pixelKinds } from '../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../simulators/files/pixel-kinds.js';
import { recordOf } from '../../src/view/series-record.js';
import { noLoss, summaryOf } from '../view/hand-made-view.js';
import { vdcu } from './repository.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-annotate-command-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'scan.h5');
const made = await FrameFile.create(path, 'eiger');
for (let frame = 0; frame < 10; frame++)
  made.write(new Uint8Array(2), [1, 1], pixelKinds.get('uint16') as PixelKind, { frame });
made.close();
const ledger = join(folder, 'series.json');
writeFileSync(ledger, JSON.stringify(recordOf(summaryOf({ filename: '/data/scan.h5' }), noLoss)));

t.test(
  'a file is annotated from a ledger: first a dry run, then in earnest, then there is nothing to do',
  async (t) => {
    const before = readFileSync(path);
    const dry = await vdcu('annotate', path, '--ledger', ledger, '--dry-run', '--json');
    t.equal(dry.code, 0, dry.stderr);
    t.match(JSON.parse(dry.stdout), {
      file: path,
      dataset: '/entry/instrument/eiger/data',
      changed: false,
      dry_run: true,
      frames: 10,
      incomplete: 0,
      absent: 0,
      unknown: 0,
      not_added: ['timestamp'],
      warnings: [],
    });
    t.equal(Buffer.compare(readFileSync(path), before), 0);
    const wet = await vdcu('annotate', path, '--ledger', ledger);
    t.equal(wet.code, 0, wet.stderr);
    t.match(wet.stdout, /frames in the file +10\n.*annotated; the file has grown by \d+ bytes\n/s);
    t.match(wet.stdout, /\nnot added, for the history does not have it: timestamp\n/);
    const again = await vdcu('annotate', path, '--ledger', ledger);
    t.match(again, { code: 0, stdout: /annotated already: nothing was changed/ });
  },
);

t.test('what is wrong with the call is said in a line that names the remedy', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const wrong: [string[], number, RegExp][] = [
    [[], 2, /of which series is the file\? Give --series ID.*or --ledger FILE/],
    [['--series', '1', '--ledger', ledger], 2, /of which series/],
    [['--series', 'one'], 2, /--series one: is no number of a series/],
    [['--ledger', join(folder, 'none.json')], 2, /--ledger .*none\.json: cannot be read.*history_dir/],
    ...(existsSync('/dev/zero')
      ? [[['--ledger', '/dev/zero'], 2, /--ledger .*cannot be read \(larger than/] as [string[], number, RegExp]]
      : []),
    [['--ledger', path], 2, /--ledger .*scan\.h5: cannot be read/],
    [['--series', '1', '--url', `http://127.0.0.1:${port}`], 3, /connection refused: no service runs there/],
  ];
  for (const [words, code, stderr] of wrong) {
    const outcome = await vdcu('annotate', path, ...words);
    t.match(outcome, { code, stderr }, words.join(' '));
    t.equal(outcome.stderr.trim().split('\n').length, 1);
  }
});

t.test('the file may stand behind the series, of which each has its option', async (t) => {
  t.match(await vdcu('annotate', '--ledger', ledger, path), { code: 0, stdout: /annotated already/ });
  t.match(await vdcu('annotate', '--ledger', ledger, '--ledger', ledger, path), {
    code: 1,
    stderr: /has the frames of 1 series .*, 2 were given/,
  });
  t.match(await vdcu('annotate', '--series', '12', 'more', path), { code: 2, stderr: /too many arguments/ });
});
