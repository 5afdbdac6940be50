// The history of series that outlives the service, at its start. Comes in: the configuration. Goes out: the series that
// were kept before, and what keeps further ones; null = nothing is kept. A folder that is missing, or does not answer,
// is reported and never keeps the service from starting. Tested by test/threads/history.test.ts.

import { messageOf } from '../base/errors.js';
import { diskLimitMs, limited } from '../base/limited.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { Logger } from '../runtime/log.js';
import { HistoryFolder } from '../view/history-folder.js';
import type { KeptHistory } from '../view/told-series.js';

export interface OpenHistory extends KeptHistory {
  /** Resolves when everything is on disk, cannot be, or took too long. */
  settled(): Promise<void>;
}

export async function openHistory(
  { historyDir: folder, name, share }: ServiceConfig,
  logger: Logger,
): Promise<OpenHistory | null> {
  if (folder === null) return null;
  // Instances that share a detector may share the folder, too.
  const owner = share.stride === 1 ? name : `${name}@${share.offset}`;
  const files = new HistoryFolder({ folder, owner, logger });
  const late = Symbol('late');
  const before = await limited(
    files.read().catch((error: unknown) => new Error(messageOf(error))),
    late,
    diskLimitMs,
  );
  if (before === late || before instanceof Error) {
    // Without its numbers new series would overwrite old ones.
    const why = before === late ? `no answer within ${diskLimitMs} ms` : before.message;
    const trouble =
      `history_dir cannot be read (${why}): no series is kept. Correct it and start the service anew; ` +
      'docs/operating.md#history.';
    logger.error({ event: 'history' }, trouble);
    return {
      before: [],
      keep: () => undefined,
      find: () => Promise.resolve(null),
      trouble,
      settled: () => Promise.resolve(),
    };
  }
  return {
    before,
    keep: (series) => files.keep(series),
    find: (id) => limited(files.find(id), null, diskLimitMs),
    get trouble() {
      return files.trouble;
    },
    settled: () => limited(files.settled(), undefined, diskLimitMs),
  };
}
