// What to do when the data port, or that of the preview, cannot be bound, for the operator.
// Tested by test/stream/output/zmq-sink.test.ts.

import { isOwnAddress, ownAddresses } from '../../base/own-addresses.js';

/** Keys of ports on data_host. */
export type DataHostPort = 'data_port' | 'preview.port';

/** @param host data_host @param port 0 = any @param key the option that has the port */
export function bindRemedy(host: string, port: number, key: DataHostPort = 'data_port'): string {
  if (!isOwnAddress(host))
    return (
      `This machine has no such address; it has ${ownAddresses()}. Set data_host to one of them, or to 0.0.0.0 for ` +
      'all.'
    );
  if (port > 0 && port < 1024)
    return (
      `Ports below 1024 need privileges: set a ${key} from 1024. Is another service running there? See data_host ` +
      `and ${key}.`
    );
  return `Is another service running there? See data_host and ${key}.`;
}
