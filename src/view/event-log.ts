// The streamer's events in the log: series that open and end, warnings, consumers, and messages that did not reach
// them.
// Tested by test/view/shared-view.test.ts.

import type { StreamEvent, Undelivered } from '../contract/series.js';
import type { Logger } from '../runtime/log.js';
import { logSeriesEnd, seriesHeadline } from './series-log.js';

/** Events that answer an order; they go to its sender. */
export function logEvent(logger: Logger, event: StreamEvent): void {
  switch (event.kind) {
    case 'stopped':
      if (event.summary?.undelivered !== undefined)
        logger.warn(
          { event: 'undelivered', series_id: event.summary.series_id, undelivered: event.summary.undelivered },
          undeliveredText(event.summary.undelivered),
        );
      break;
    case 'opened': {
      const { series_id, filename, auto, frames } = event;
      logger.info({ event: 'series_opened', series_id, filename, auto, frames }, `series ${series_id} opened`);
      break;
    }
    case 'ended':
      logSeriesEnd(logger, event.summary);
      break;
    case 'amended': {
      const { series_id, aborted } = event.summary;
      logger.warn(
        { event: 'series_amended', series_id, aborted },
        `while its series_end waited for a consumer: ${seriesHeadline(event.summary)}`,
      );
      break;
    }
    case 'warning':
      logger.warn({ event: 'warning', code: event.code }, event.message);
      break;
    case 'peer_refused':
      logger.warn({ event: 'peer_refused', reason: event.reason, address: event.address }, event.message);
      break;
    case 'consumer':
      logger[event.trouble ? 'warn' : 'info']({ event: 'consumer', code: event.code }, event.message);
      break;
    default:
      break;
  }
}

export const undeliveredText = ({ messages, bytes }: Undelivered): string =>
  `${messages} messages (${bytes} bytes) had not reached the consumer in time, nor had series_end. See ` +
  'docs/operating.md#undelivered.';
