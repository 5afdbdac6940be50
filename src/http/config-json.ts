// The resolved configuration as GET /api/v1/config answers it: the keys of the configuration file, one level, with
// defaults filled in. null = not set.

import type { ServiceConfig } from '../config/service-config.js';
import { sourceText } from '../config/networks.js';
import { writtenHosts } from '../config/udp-hosts.js';
import { snakeKeys } from '../base/snake-case.js';

/** The configuration as JSON: keys as in the file, `name` beside them. */
export function configJson(config: ServiceConfig): Record<string, unknown> {
  const {
    name,
    detector: settings,
    ring,
    udpHosts,
    udpSources,
    dataPorts,
    preview,
    share,
    notifyUrl,
    stated: _,
    ...rest
  } = config;
  const { lowNibbleFirst, ...detector } = settings;
  return {
    name,
    nibble_order: lowNibbleFirst ? 'low_first' : 'high_first',
    ...snakeKeys({
      ...detector,
      flipRows: Object.fromEntries(detector.flipRows),
      portPositions: Object.fromEntries(detector.portPositions),
    }),
    ...snakeKeys(rest),
    // Paths of such URLs hold keys, and this answer is open to all.
    notify_url: notifyUrl === null ? null : `${new URL(notifyUrl).origin}/…`,
    frames_stride: share.stride,
    frames_offset: share.offset,
    ring_frames: ring !== null && 'frames' in ring ? ring.frames : null,
    ring_ms: ring !== null && 'milliseconds' in ring ? ring.milliseconds : null,
    preview: preview === null ? null : snakeKeys(preview),
    data_port: dataPorts.length > 1 ? dataPorts : dataPorts[0],
    udp_host: writtenHosts(udpHosts),
    udp_source: writtenSources(udpSources.map(sourceText)),
  };
}

/** One text for one sender, a list for several; null = any. */
function writtenSources(texts: readonly string[]): string | readonly string[] | null {
  return texts.length > 1 ? texts : (texts[0] ?? null);
}
