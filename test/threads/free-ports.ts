// Ports of this machine, free or taken.

import { holdTcp, holdUdp } from '../../src/rehearsal/free-ports.js';

export { freeTcpPort, freeUdpPorts } from '../../src/rehearsal/free-ports.js';

/** A TCP port that somebody listens on until `release`. */
export const takenTcpPort = (host = '127.0.0.1') => holdTcp(0, host);

/** A UDP port that somebody is bound to until `release`. */
export const takenUdpPort = (host = '127.0.0.1') => holdUdp(0, host);
