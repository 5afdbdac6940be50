// A whole service whose history outlives it: started, stopped, started again in the same folder.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { SeriesSummary } from '../../src/contract/series.js';
import { quadYaml, start } from './running.js';
import type { Running } from './running.js';

async function series(running: Running): Promise<SeriesSummary> {
  const before = running.service.view.history().length;
  await running.consume({ series: 1 });
  await running.arm({ frames: 3, first_frame_number: 1, frame_period_ms: 20 });
  await running.simulate({ frames: 3, rate: 50, loss: '*:2:7' });
  return running.ended(before + 1);
}

const historyOf = async (running: Running): Promise<SeriesSummary[]> =>
  (await running.http('GET', '/api/v1/series/history')).body['series'] as SeriesSummary[];

t.test('the history survives a restart, and numbers go on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-history-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const first = await start(t, `${quadYaml}\nhistory_dir: "${folder}"`);
  const kept = await series(first);
  t.match(kept, { series_id: 1, frames: 3, marked: 1 });
  await first.stop();

  const second = await start(t, `${quadYaml}\nhistory_dir: "${folder}"`);
  t.strictSame(await historyOf(second), [kept]);
  const { body } = await second.http('GET', '/api/v1/series/history/1');
  t.strictSame(
    body,
    { ...kept, missing: first.config.detector.udpPorts.map((port) => [1, port, 7, 7]), unlisted_from: null },
    'with what its frames lack',
  );
  t.match(await second.http('GET', '/api/v1/series/history/2'), { status: 404 });
  t.equal(second.status().last_series, null, 'the state is that of this process');
  t.match(await series(second), { series_id: 2 });
  t.match(await historyOf(second), [{ series_id: 2 }, kept]);
});

t.test('a folder that cannot be had is said, and series go on as ever', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-history-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a file');
  writeFileSync(file, '');
  chmodSync(file, 0o400);
  const running = await start(t, `${quadYaml}\nhistory_dir: "${file}/below"`);
  t.match(running.status().problems, [/history_dir cannot be read \(ENOTDIR/]);
  t.match(await series(running), { series_id: 1, frames: 3 });
});
