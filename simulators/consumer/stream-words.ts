// The words that a consumer of the stream may meet, as docs/stream.md lists them. Written down here once more on
// purpose: a list shared with the service would hide a word that is wrong on both sides. A test compares them.
// Tested by test/contract/closed-lists.test.ts.

/** `reason` of an image that is not complete. */
export const imageReasons: readonly string[] = [
  'ring_full',
  'stop',
  'port_absent',
  'timeout',
  'packet_loss',
  'settings',
];

/** `aborted` of a series_end. */
export const seriesAborts: readonly string[] = [
  'consumer_lost',
  'consumer_stalled',
  'closing_timeout',
  'detector_stopped',
  'ports_disagree',
  'frames_skipped',
  'frame_jump',
  'no_consumer',
  'no_last_frame',
  'instance_stopped',
];

/** Keys of a port's ledger that add up to `missing`; null = not known. */
export const ledgerCauses: readonly string[] = ['unexplained', 'socket', 'late', 'ring', 'cut_off'];
