// The answer of `GET /api/v1/series`, put together: the state and its sentence, what is wrong, message numbers, the
// series that is open and the last one.
// Tested by test/view/shared-view.test.ts.

import type { ServiceConfig } from '../config/service-config.js';
import { seriesNow } from './series-now.js';
import type { SeriesNowDeps } from './series-now.js';
import type { ServiceStatus } from './service-view.js';
import { describeState } from './state-text.js';

export interface StatusDeps extends SeriesNowDeps {
  readonly config: ServiceConfig;
  /** Of a datagram, header and payload. */
  readonly packetBytes: number;
  /** Ms of the service's clock. */
  readonly now: number;
  /** Why the service cannot go on; null = it can. */
  readonly failure: string | null;
  /** What is wrong besides, in sentences. */
  readonly troubles: readonly string[];
  /** What the receiver still does for a series that has ended; null = nothing that is known of. */
  readonly receiverSentence: string | null;
}

export function serviceStatus(deps: StatusDeps): ServiceStatus {
  const { config, told, stream, ports, now } = deps;
  const { peers, endPending, auto, messageNumber } = stream.words;
  const dataSockets = stream.sockets();
  const state = stream.state();
  const series = seriesNow(deps);
  const described = describeState({
    config,
    dataSockets,
    state,
    endPending,
    auto,
    series,
    openMs: told.open === null ? null : now - told.open.since,
    sinceLastPacketMs: ports.sinceLastPacketMs(now),
    packetBytes: deps.packetBytes,
  });
  // Warnings of a series that is over stand in its summary; an automatic one has some while it waits.
  const problems = [
    ...(deps.failure === null ? [] : [deps.failure]),
    ...told.warnings.values(),
    ...described.problems,
    ...deps.troubles,
  ];
  return {
    state,
    message: (state === 'idle' ? deps.receiverSentence : null) ?? described.message,
    problems: [...new Set(problems)],
    consumers: peers,
    underway: stream.underway,
    data_sockets: dataSockets,
    preview: stream.preview(),
    end_pending: endPending,
    next_msg_number: messageNumber + (endPending ? 1 : 0),
    frames_stride: config.share.stride,
    frames_offset: config.share.offset,
    series,
    last_series: told.ended()[0] ?? null,
  };
}
