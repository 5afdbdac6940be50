// A whole run made before its first datagram leaves, in bounded memory: for short runs at rates at which making pixels
// would cost the sender too much. Pixels and truth are those of any other run.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { Datagram, SimulatedDetector } from './detector.js';

/** Datagrams lie together in pieces of this size, in bytes. */
const pieceBytes = 64 << 20;

/**
 * All datagrams of a run.
 * @param frames frames of the run
 * @param ports ports that send
 * @param limitBytes bytes that may be kept
 * @throws OperatorError (usage) when the run has no end, or more datagrams than fit
 */
export function prepareDatagrams(
  detector: SimulatedDetector,
  frames: number,
  ports: number,
  limitBytes: number,
): Datagram[] {
  const { packetsSent, datagramBytes } = detector.format;
  const frameBytes = ports * packetsSent * datagramBytes;
  if (frames === 0 || frames * frameBytes > limitBytes) {
    throw new OperatorError(
      `${frames === 0 ? 'an endless run' : `${frames} frames of ${frameBytes} bytes`} cannot be prepared in ` +
        `${limitBytes} bytes: ask for 1 to ${Math.floor(limitBytes / frameBytes)} frames, or for more memory`,
      exitCode.usage,
    );
  }
  let piece = new Uint8Array(0);
  let used = 0;
  return Array.from(detector.datagrams(), (datagram) => {
    const { bytes } = datagram;
    if (used + bytes.length > piece.length) {
      piece = new Uint8Array(Math.min(pieceBytes, frames * frameBytes));
      used = 0;
    }
    const kept = piece.subarray(used, used + bytes.length);
    kept.set(bytes);
    used += Math.ceil(bytes.length / 16) * 16;
    return { ...datagram, bytes: kept };
  });
}
