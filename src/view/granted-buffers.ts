// What is logged when the kernel gave a socket less than was asked for: packets and frames that it could not keep are
// lost.
// Tested by test/view/shared-view.test.ts.

import type { SendBuffer } from '../contract/series.js';
import type { Logger } from '../runtime/log.js';
import type { OpenedSocket } from './port-view.js';

/** @param sendBuffer of each consumer; null = none is asked for */
export function logGranted(logger: Logger, sockets: readonly OpenedSocket[], sendBuffer: SendBuffer | null): void {
  if (sendBuffer !== null && (sendBuffer.grantedBytes ?? Infinity) < sendBuffer.requestedBytes)
    logger.warn(
      { event: 'send_buffer', requested: sendBuffer.requestedBytes, granted: sendBuffer.grantedBytes },
      `asked for ${sendBuffer.requestedBytes} bytes of send buffer for each consumer, the kernel granted ` +
        `${sendBuffer.grantedBytes}. Raise net.core.wmem_max (docs/operating.md#send-buffer).`,
    );
  for (const { udpPort, receiveBufferRequestedBytes: requested, receiveBufferGrantedBytes: granted } of sockets) {
    if (granted === null || granted >= requested) continue;
    logger.warn(
      { event: 'receive_buffer', udp_port: udpPort, requested, granted },
      `port ${udpPort}: asked for ${requested} bytes of socket buffer, the kernel granted ${granted}. Raise ` +
        'net.core.rmem_max (docs/operating.md#receive-buffer).',
    );
  }
}
