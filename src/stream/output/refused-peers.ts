// Which peers that came to the data port and were not let in were reported already. Comes in: what a sink refused. Goes
// out: a sentence per reason and address, at most once a minute, however often the peer knocks.

import { hostOf } from '../../base/host-port.js';
import { peerRefusals } from '../../contract/refused-peers.js';
import type { RefusedPeer } from '../../contract/refused-peers.js';
import { remedyOf } from '../../contract/row.js';

const againAfterMs = 60_000;
/** Addresses remembered at most: beyond these one sentence stands for all. */
const addressesLimit = 64;

/** Remembers which peers were reported. */
export class RefusedPeers {
  readonly #toldAt = new Map<string, number>();

  /** @returns the sentence to tell, or null when it was told within the last minute */
  sentence({ reason, address }: RefusedPeer, now: number): string | null {
    for (const [key, at] of this.#toldAt) if (now - at >= againAfterMs) this.#toldAt.delete(key);
    const host = hostOf(address);
    const key = this.#toldAt.size < addressesLimit ? `${reason} ${host}` : reason;
    if (this.#toldAt.has(key)) return null;
    this.#toldAt.set(key, now);
    return `data port: ${refusalText({ reason, address })}`;
  }
}

/** Which peer was refused, why, and what to do. */
export function refusalText({ reason, address }: RefusedPeer): string {
  const host = hostOf(address);
  return `${host === '' ? 'a peer' : host} ${peerRefusals[reason].says}${remedyOf(peerRefusals[reason])}.`;
}
