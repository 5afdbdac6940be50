// What to do when the data port cannot be bound, for the operator.
// Tested by test/stream/output/zmq-sink.test.ts.

import { isOwnAddress, ownAddresses } from '../../base/own-addresses.js';

/** @param host data_host @param port data_port, 0 = any */
export function bindRemedy(host: string, port: number): string {
  if (!isOwnAddress(host))
    return (
      `This machine has no such address; it has ${ownAddresses()}. Set data_host to one of them, or to 0.0.0.0 for ` +
      'all.'
    );
  if (port > 0 && port < 1024)
    return (
      'Ports below 1024 need privileges: set a data_port from 1024. Is another service running there? See data_host ' +
      'and data_port.'
    );
  return 'Is another service running there? See data_host and data_port.';
}
