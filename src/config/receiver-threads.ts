// How many receiver threads: as few as stay below half a core each at the rate that the configuration names. Comes in:
// what a port costs, ports, cores. Goes out: the number, and why it is that. Measured: docs/decisions/0036.

/** A thread that is busy for more than this share of its core has too little left for a burst. */
const shareMost = 0.5;

export interface ReceiversPlan {
  readonly threads: number;
  readonly why: string;
}

/**
 * @param asked `receiver_threads`, null = by load
 * @param portLoad share of a core that a port takes at the planned rate, null = the rate is unknown
 * @param cores processors that this process may use
 */
export function planReceivers(
  asked: number | null,
  ports: number,
  portLoad: number | null,
  cores: number,
): ReceiversPlan {
  if (asked !== null)
    return asked > ports
      ? { threads: ports, why: `receiver_threads: ${asked}, and no more than ports` }
      : { threads: asked, why: 'receiver_threads' };
  const most = Math.min(ports, Math.max(2, cores));
  if (portLoad === null)
    return { threads: most, why: 'one per port, as far as cores go: the rate is unknown (frame_rate_hz)' };
  let threads = 1;
  // The fullest thread has the ports that do not go evenly.
  while (threads < most && Math.ceil(ports / threads) * portLoad > shareMost) threads++;
  const busiest = Math.ceil(ports / threads) * portLoad;
  const share = `${busiest.toFixed(2)} of a core`;
  return {
    threads,
    why:
      busiest <= shareMost
        ? `by load: each takes at most ${share} at this rate`
        : `as many as ports and cores allow: the busiest takes ${share} at this rate`,
  };
}
