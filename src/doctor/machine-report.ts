// The doctor's report of a service that does not know yet what the detector is: the machine alone. Loads nothing and
// opens nothing.
// Tested by test/threads/from-client.test.ts.

import { ffiUnavailable } from '../runtime/ffi.js';
import type { ClientFacts } from './facts.js';
import { gatherMachine } from './machine.js';
import type { Machine } from './machine.js';
import { examine } from './report.js';
import type { DoctorReport } from './report.js';

export function machineReport(machine: Machine, client: ClientFacts | null): DoctorReport {
  const missing = ffiUnavailable();
  return examine({
    setup: null,
    client,
    service: { consumers: 0, acceptedPackets: 0, unserved: [] },
    receiveBuffers: [],
    ...gatherMachine(machine, null),
    ports: null,
    cards: "PSI's client has not said yet on which addresses packets come in",
    ways: { recvmmsg: missing, compiled: null, zmtp: missing, libzmq: missing },
  });
}
