// Which peers that came to the data port and were not let in were reported already. Comes in: what a sink refused. Goes
// out: a sentence per reason and address, at most once a minute, however often the peer knocks.

import { hostOf } from '../../base/host-port.js';
import { Seldom } from '../../base/seldom.js';
import { peerRefusals } from '../../contract/refused-peers.js';
import type { RefusedPeer } from '../../contract/refused-peers.js';
import { remedyOf } from '../../contract/row.js';

/** Remembers which peers were reported. */
export class RefusedPeers {
  readonly #told = new Seldom();

  /** @returns the sentence to tell, or null when it was told within the last minute */
  sentence({ reason, address }: RefusedPeer, now: number): string | null {
    if (!this.#told.isDue(reason, hostOf(address), now)) return null;
    return `data port: ${refusalText({ reason, address })}`;
  }
}

/** Which peer was refused, why, and what to do. */
export function refusalText({ reason, address }: RefusedPeer): string {
  const host = hostOf(address);
  return `${host === '' ? 'a peer' : host} ${peerRefusals[reason].says}${remedyOf(peerRefusals[reason])}.`;
}
