// Why a series was aborted: `aborted` in `series_end`, summary, log, page and command line. Pure.
// Tested by test/contract/closed-lists.test.ts.

import { remedyOf } from './row.js';
import type { Row } from './row.js';

/** `says` goes on from "series 7 was cut short: ". */
export const abortReasons = {
  consumer_lost: {
    says: 'its consumer went away, or had to be closed (the log says why)',
    remedy: 'Find out why it ended, start it again, and repeat the series',
    docs: 'docs/operating.md#consumer-lost',
  },
  consumer_stalled: {
    says: 'the consumer took nothing for too long and the ring was full',
    remedy: 'Look at its disk and network',
    docs: 'docs/operating.md#ring-full',
  },
  frames_skipped: {
    says: 'frame numbers ran ahead, and most frames between them never came',
    remedy: 'Let the detector count by one and send every frame here, or find what loses whole frames',
    docs: 'docs/operating.md#frame-numbers-in-steps',
  },
  closing_timeout: {
    says: 'the consumer took nothing, or too little, while the series was closing',
    remedy: 'Look at the consumer',
    docs: 'docs/operating.md#consumer-lost',
  },
  detector_stopped: {
    says: 'the detector stopped before all frames had come',
    remedy: 'Look at the detector, and repeat the series',
    docs: 'docs/operating.md#the-series-does-not-end',
  },
  ports_disagree: {
    says: 'frame numbers differ between ports',
    remedy: 'Stop the detector, set nextframenumber of all modules to the same value, and arm again',
    docs: 'docs/operating.md#ports-disagree',
  },
  frame_jump: {
    says: 'frame numbers jumped or went back',
    remedy: 'Stop the detector, set nextframenumber, and arm again',
    docs: 'docs/operating.md#ports-disagree',
  },
  no_consumer: {
    says: 'no consumer ever took its header',
    remedy: 'Start the consumer first, and repeat the series',
    docs: 'docs/operating.md#consumer-lost',
  },
  no_last_frame: {
    says: 'its part was halted, and this instance was not told where the series ends',
    remedy: 'Stop a series that instances share with vdcu stop --endpoints and all of them, and repeat it',
    docs: 'docs/operating.md#instance-missing',
  },
  instance_stopped: {
    says: 'the service was ended while the series that it shares went on',
    remedy: 'Stop the series before its instances, and repeat it',
    docs: 'docs/operating.md#instance-missing',
  },
} as const satisfies Readonly<Record<string, Row>>;

export type AbortReason = keyof typeof abortReasons;

/** The reason in words, with its remedy. What a newer service says is told as it came. */
export function abortText(reason: AbortReason): string {
  const row: Row | undefined = abortReasons[reason];
  return row === undefined ? `${reason as string}.` : `${row.says}${remedyOf(row)}.`;
}
