import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { makeLogger } from '../../src/runtime/log.js';
import { HistoryFolder } from '../../src/view/history-folder.js';
import { historyLength } from '../../src/view/told-series.js';
import { recordOf } from '../../src/view/series-record.js';
import type { HistoryFolderDeps } from '../../src/view/history-folder.js';
import { without } from '../programs.js';
import { ledgerOf, noLoss, summaryOf } from './hand-made-view.js';

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-history-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

function history(folder: string, more: Partial<HistoryFolderDeps> = {}) {
  const log: Record<string, unknown>[] = [];
  const logger = makeLogger('info', 'det', { write: (line: string) => void log.push(JSON.parse(line) as never) });
  return { log, files: new HistoryFolder({ folder, owner: 'det', logger, ...more }) };
}

const file = (id: number, owner = 'det'): string => `${owner}-series-${String(id).padStart(16, '0')}.json`;

t.test('what one process kept the next one reads, newest first, as it was', async (t) => {
  const folder = join(folderOf(t), 'made', 'by the service');
  const { files } = history(folder);
  t.strictSame(await files.read(), []);
  const summaries = [1, 2, 10].map((id) =>
    summaryOf({ series_id: id, ledger: [ledgerOf(50001, { socket: null })], incomplete: [[1, 2]], warnings: ['w'] }),
  );
  const loss = { ranges: Uint32Array.of(1, 50001, 3, 3, 2, 50001, 0, 63), unlisted_from: null };
  for (const summary of summaries) files.keep(recordOf(summary, loss));
  await files.settled();
  t.strictSame(await history(folder).files.read(), [...summaries].reverse());
  t.match(await history(folder).files.find(10), {
    ...summaries[2],
    missing: [
      [1, 50001, 3, 3],
      [2, 50001, 0, 63],
    ],
    unlisted_from: null,
  });
  t.equal(await history(folder).files.find(3), null);
  t.strictSame(
    readdirSync(folder),
    [1, 2, 10].map((id) => file(id)),
  );
  t.equal(files.trouble, null);
});

t.test('a series_end that waited for a consumer waits no longer than its process did', async (t) => {
  const folder = folderOf(t);
  const { files } = history(folder);
  files.keep(recordOf(summaryOf({ series_id: 1, end_pending: true }), noLoss));
  await files.settled();
  t.match(await history(folder).files.read(), [{ series_id: 1, end_pending: false }]);
  t.match(await history(folder).files.find(1), { series_id: 1, end_pending: false });
});

t.test('so many are kept and no more; those of others are left alone', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, file(1, 'det-series')), '{}');
  writeFileSync(join(folder, 'notes.txt'), '');
  const { files } = history(folder);
  for (let batch = 0; batch < historyLength + 5; batch += 5) {
    for (let id = batch + 1; id <= batch + 5; id++) files.keep(recordOf(summaryOf({ series_id: id }), noLoss));
    await files.settled();
  }
  const left = readdirSync(folder).filter((name) => name.startsWith('det-series-0'));
  t.equal(left.length, historyLength);
  t.equal(left[0], file(6));
  t.equal((await files.read()).length, historyLength);
  t.ok(readdirSync(folder).includes('notes.txt') && readdirSync(folder).includes(file(1, 'det-series')));
});

t.test('what is no summary is left out and named', async (t) => {
  const folder = folderOf(t);
  const { files, log } = history(folder);
  const good = summaryOf({ series_id: 7 });
  const bad = {
    1: 'no JSON',
    2: JSON.stringify({ ...good, series_id: 3 }),
    3: JSON.stringify({ ...good, series_id: 3, warnings: [{}] }),
    4: JSON.stringify({ ...good, series_id: 4, incomplete: [1] }),
    5: `${JSON.stringify({ ...good, series_id: 5 })}${' '.repeat(1 << 20)}`,
    6: 'null',
  };
  for (const [id, text] of Object.entries(bad)) writeFileSync(join(folder, file(Number(id))), text);
  writeFileSync(join(folder, file(7)), JSON.stringify(good));
  writeFileSync(join(folder, `${file(8)}.part`), '{');
  t.strictSame(await files.read(), [good]);
  t.match(await files.find(7), { series_id: 7, missing: [], unlisted_from: 0 }, 'a file that says nothing of the loss');
  t.equal(await files.find(6), null);
  for (const missing of [1, [1], [[1, 2, 3]], [[1, 2, 3, -1]], [['a', 1, 2, 3]]]) {
    writeFileSync(join(folder, file(9)), JSON.stringify({ ...good, series_id: 9, missing, unlisted_from: null }));
    t.match(await files.find(9), { missing: [], unlisted_from: 0 }, JSON.stringify(missing));
  }
  rmSync(join(folder, file(9)));
  t.strictSame(
    log.map(({ file: name }) => name),
    [6, 5, 4, 3, 2, 1].map((id) => file(id)),
  );
});

t.test(
  'a pipe or a device under the name of a series is left out, and nobody waits for it',
  { skip: without('mkfifo') },
  async (t) => {
    const folder = folderOf(t);
    execFileSync('mkfifo', [join(folder, file(1))]);
    symlinkSync('/dev/zero', join(folder, file(2)));
    symlinkSync(join(folder, file(3)), join(folder, file(3)));
    const { files, log } = history(folder);
    t.strictSame(await files.read(), []);
    t.equal(log.length, 3);
    t.equal(await files.find(1), null);
  },
);

t.test('questions are asked one after the other, and no more than can wait', async (t) => {
  const { files } = history(folderOf(t));
  files.keep(recordOf(summaryOf({ series_id: 7 }), noLoss));
  await files.settled();
  const answers = await Promise.all(Array.from({ length: 20 }, () => files.find(7)));
  t.strictSame(
    answers.map((answer) => answer?.series_id ?? null),
    [...Array.from({ length: 16 }, () => 7), ...Array.from({ length: 4 }, () => null)],
  );
  t.match(await files.find(7), { series_id: 7 }, 'later ones are answered again');
});

t.test('a full disk costs the history, is told once, and is over when there is room again', async (t) => {
  const folder = folderOf(t);
  let full = true;
  const { files, log } = history(folder, {
    write: async (path, text) => {
      writeFileSync(path, full ? text.slice(0, 10) : text);
      if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    },
  });
  for (const id of [1, 2]) files.keep(recordOf(summaryOf({ series_id: id }), noLoss));
  await files.settled();
  t.match(files.trouble, /not kept in history_dir \(ENOSPC.*docs\/operating\.md#history/);
  t.strictSame(readdirSync(folder), [], 'nothing is left behind');
  t.equal(log.length, 1);
  full = false;
  files.keep(recordOf(summaryOf({ series_id: 3 }), noLoss));
  await files.settled();
  t.equal(files.trouble, null);
  t.strictSame(readdirSync(folder), [file(3)]);
});

t.test('a disk that does not answer holds nobody up, and what waits for it is bounded', async (t) => {
  let go: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => (go = resolve));
  let writes = 0;
  const { files } = history(folderOf(t), {
    write: async (path, text) => {
      await stuck;
      writes++;
      writeFileSync(path, text);
    },
  });
  for (let id = 1; id <= 1000; id++) files.keep(recordOf(summaryOf({ series_id: id }), noLoss));
  t.match(files.trouble, /the disk is slow, 16 summaries wait/);
  go();
  await files.settled();
  t.equal(writes, 16);
});
