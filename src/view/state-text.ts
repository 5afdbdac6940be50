// The state of the service in plain sentences: what it is doing or waiting for, and, when nothing moves, what is known
// about why. Pure.

import type { ServiceConfig } from '../config/service-config.js';
import { sourceText } from '../config/networks.js';
import { malformedCounters } from '../contract/packet-classes.js';
import { hostOfPort } from '../config/udp-hosts.js';
import type { SeriesState } from '../contract/series.js';
import type { CurrentPort, CurrentSeries, DataSocket } from './service-view.js';

/** An armed series says what it knows after so long without packets, in ms. */
const nothingArrivesMs = 2000;
/** After so long without packets an open series says that only a stop will end it. */
const silentMs = 5000;

/** What the sentences are made from. Times in ms, null = never. */
export interface StateFacts {
  readonly config: ServiceConfig;
  readonly dataSockets: readonly DataSocket[];
  readonly state: SeriesState;
  readonly endPending: boolean;
  readonly auto: boolean;
  readonly series: CurrentSeries | null;
  readonly openMs: number | null;
  readonly sinceLastPacketMs: number | null;
  readonly packetBytes: number;
}

export function describeState(facts: StateFacts): { message: string; problems: string[] } {
  const { config, state, dataSockets, series } = facts;
  const problems: string[] = [];
  if (facts.endPending) problems.push('the end of the last series waits for a consumer to take it.');
  const lonely = dataSockets.filter(({ consumers }) => consumers === 0).map(({ endpoint }) => endpoint);
  if (series === null) return { message: waiting(facts, lonely), problems };
  if (state === 'closing')
    return { message: `series ${series.series_id} is closing: ${series.images_sent} images sent.`, problems };
  if (series.header_pending)
    problems.push(`series ${series.series_id}: no consumer has taken its header. Start the receiver.`);
  if (lonely.length > 0 && !series.header_pending)
    problems.push(dataSockets.length === 1 ? 'the consumer is gone.' : `the consumer of ${lonely.join(', ')} is gone.`);
  const nothing = series.ports.every((port) => port.counters.accepted === 0);
  if (nothing && facts.openMs !== null && facts.openMs >= nothingArrivesMs) {
    problems.push(...series.ports.map((port) => whyNothing(port, facts)));
    const seconds = Math.floor(facts.openMs / 1000);
    return {
      message: `series ${series.series_id} is armed and no packet of it has come for ${seconds} s.`,
      problems,
    };
  }
  const silent = facts.sinceLastPacketMs ?? 0;
  if (!nothing && silent >= silentMs && !facts.auto && config.seriesTimeoutMs === null) {
    problems.push(
      `no packet for ${Math.floor(silent / 1000)} s. If the last frames were lost entirely the series ends only by ` +
        'a stop (vdcu stop); give frame_period_ms when arming, or set series_timeout_ms.',
    );
  }
  const of = series.frames > 0 ? ` of ${series.frames}` : '';
  return {
    message:
      `series ${series.series_id} is open: ${series.images_sent}${of} images sent, ` +
      `${series.marked + series.discarded} of them incomplete.`,
    problems,
  };
}

/** @param lonely sockets without a consumer */
function waiting({ config, state }: StateFacts, lonely: readonly string[]): string {
  if (state === 'closing') return 'the series is closing.';
  if (state === 'open' && config.series === 'auto') return 'ready: a series opens with the first packets.';
  if (state === 'open') return 'a series is being opened.';
  if (lonely.length > 0) return `idle: no consumer is connected to ${lonely.join(', ')}.`;
  return config.series === 'auto' ? 'idle: the next series is being prepared.' : 'idle: ready to be armed.';
}

/** Why does nothing arrive on this port? What the counters of the series know. */
function whyNothing(port: CurrentPort, { config, packetBytes }: StateFacts): string {
  const { counters } = port;
  const where = `port ${port.udp_port}:`;
  const known: string[] = [];
  if (counters.foreignSource > 0) {
    const sources = config.udpSources.map(sourceText).join(', ');
    const from = port.foreign_sender === null ? '' : `: from ${port.foreign_sender}`;
    known.push(`${counters.foreignSource} datagrams came from another source than udp_source ${sources}${from}`);
  }
  if (counters.malformedSize > 0)
    known.push(`${counters.malformedSize} datagrams were not of ${packetBytes} bytes (ten_giga? another detector?)`);
  const malformed = malformedCounters
    .filter((counter) => counter !== 'malformedSize')
    .reduce((sum, counter) => sum + counters[counter], 0);
  if (malformed > 0) known.push(`${malformed} packets failed the check`);
  if (counters.foreignSeries > 0)
    known.push(
      `${counters.foreignSeries} packets had frame numbers outside the series (first_frame_number, nextframenumber?)`,
    );
  if (counters.socketDropped > 0) known.push(`the kernel dropped ${counters.socketDropped} datagrams`);
  if (known.length > 0) return `${where} ${known.join('; ')}.`;
  if (counters.received === 0)
    return (
      `${where} no datagram at all. Is the detector started, and do its udp_dstip, udp_dstmac and udp_dstport name ` +
      `${hostOfPort(config, port.udp_port)} and this port?`
    );
  return `${where} ${counters.received} datagrams, none of this series.`;
}
