// The series that is open, put together of what its request named, what the streamer's words say and what the ports
// have counted; and how far any series has come that is remembered. Frame numbers go out as the detector's.
// Tested by test/view/shared-view.test.ts.

import { firstNumberOf, frameNumberOf } from '../detector/frame-share.js';
import type { FrameShare, OwnNumber } from '../detector/frame-share.js';
import type { SeriesProgress } from '../contract/series.js';
import type { PortViews } from './port-views.js';
import type { CurrentSeries } from './service-view.js';
import type { StreamView } from './stream-view.js';
import type { EndedSeries, ToldSeries } from './told-series.js';

export interface SeriesNowDeps {
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  readonly told: ToldSeries;
  readonly stream: StreamView;
  readonly ports: PortViews;
}

/** @returns null = none is open */
export function seriesNow({ share, told, stream, ports }: SeriesNowDeps): CurrentSeries | null {
  const { open } = told;
  if (open === null || !stream.inSeries) return null;
  const images = stream.images();
  const before = told.imagesBefore;
  const { first, highest, auto, headerSent } = stream.words;
  const known = (ownNumber: OwnNumber): number | null =>
    ownNumber === 0 ? null : frameNumberOf(share, ownNumber, first);
  return {
    series_id: open.id,
    filename: open.filename,
    auto,
    frames: open.frames,
    header_pending: !headerSent,
    msg_number_base: open.msgNumberBase,
    first_frame_number: first === 0 ? null : firstNumberOf(first),
    highest_frame_number: known(highest),
    images_sent: images.frames - before.frames,
    complete: images.complete - before.complete,
    marked: images.marked - before.marked,
    discarded: images.discarded - before.discarded,
    ports: ports.receiving.map((port) => ({
      udp_port: port.udpPort,
      ...port.series(),
      newest_frame_number: known(port.words.newestSeen),
      ...port.senders(),
    })),
  };
}

/** @returns null = neither open nor remembered */
export function seriesProgress(deps: SeriesNowDeps, seriesId: number): SeriesProgress | null {
  const open = seriesNow(deps);
  if (open?.series_id !== seriesId) return endedProgress(deps.told.find(seriesId));
  return {
    first_frame_number: open.first_frame_number,
    ended: null,
    ports: open.ports.map(({ udp_port, packets, counters, newest_frame_number }) => ({
      udp_port,
      images_complete: counters.imagesComplete,
      newest_frame_number,
      accepted: packets.accepted,
      missing: packets.missing,
    })),
  };
}

export function endedProgress(ended: EndedSeries | undefined): SeriesProgress | null {
  if (ended === undefined) return null;
  const { summary, reached } = ended;
  return {
    first_frame_number: summary.first_frame_number,
    ended: { aborted: summary.aborted ?? null },
    ports: summary.ledger.map(({ udp_port, accepted, missing }) => {
      const port = reached.find((one) => one.udp_port === udp_port);
      return {
        udp_port,
        images_complete: port?.images_complete ?? 0,
        newest_frame_number: port?.newest_frame_number ?? null,
        accepted,
        missing,
      };
    }),
  };
}
