// Does what PSI's client has set agree with the configuration, and with what arrives? Pure: facts in, verdict out. The
// client sets detector and service one after the other, so the two may differ: a setting that was refused here has
// changed the detector all the same.

import type { Facts } from './facts.js';
import { failed, notChecked, ok, warning } from './verdict.js';
import type { Check, NotChecked, Verdict } from './verdict.js';

export const clientChecks: readonly Check[] = [{ check: 'psi_client', examine: psiClient }];

function psiClient({ client, service }: Facts): Verdict | NotChecked {
  if (client === null)
    return notChecked(service === null ? 'only a running service knows (--url)' : 'no receiver_ports are configured');
  const { lacking, problems, arrived, warnings } = client;
  const agree = 'the configuration and the client say the same of the detector';
  if (problems.length > 0)
    return failed(problems.join('; '), agree, 'set it in the client, or correct the configuration and start anew');
  if (lacking.length > 0)
    return warning(
      `module${lacking.length > 1 ? 's' : ''} ${lacking.join(', ')} not set up`,
      'all modules set up since the start of the service',
      "rx_hostname of PSI's client, with one port for each module",
    );
  const needed = "packets on each port, as PSI's client has set them";
  if (arrived === null) return ok('all modules are set up; nothing was acquired yet', needed);
  const silent = arrived.filter(({ packets }) => packets === 0);
  const most = Math.max(0, ...arrived.map(({ packets }) => packets));
  if (silent.length > 0 && most > 0) {
    const [{ module }] = silent;
    return warning(
      `no packet on port ${silent.map(({ udpPort, module: of }) => `${udpPort} (module ${of})`).join(', ')}, up to ` +
        `${most} on others`,
      needed,
      `compare ${module}:udp_dstip, ${module}:udp_dstport and ${module}:udp_dstmac of the client with GET ` +
        '/api/v1/udp, then say rx_hostname again; datastream and activate, if it is meant to be off',
    );
  }
  if (warnings.length > 0)
    return warning(
      warnings.join('; '),
      needed,
      'say rx_hostname again, so that detector and service are told the same; a setting that was refused here has ' +
        'changed the detector all the same',
    );
  return ok(`${arrived.length} ports, up to ${most} packets each`, needed);
}
