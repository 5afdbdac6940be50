import t from 'tap';
import type { ClientFacts, Facts } from '../../src/doctor/facts.js';
import { examine } from '../../src/doctor/report.js';
import type { CheckResult } from '../../src/doctor/report.js';
import { goodFacts } from './good-facts.js';

const known = goodFacts().client as ClientFacts;

function told(client: Partial<ClientFacts> | null, more: Partial<Facts> = {}): CheckResult | string | undefined {
  const report = examine(goodFacts({ client: client === null ? null : { ...known, ...client }, ...more }));
  return (
    report.checks.find(({ check }) => check === 'psi_client') ??
    report.not_checked.find(({ check }) => check === 'psi_client')?.reason
  );
}

t.test('what the client has set and what arrives agree, or nothing was acquired yet', async (t) => {
  t.match(told({}), { status: 'ok', seen: '2 ports, up to 1280 packets each' });
  t.match(told({ arrived: null }), { status: 'ok', seen: /nothing was acquired yet/ });
  const none = [50001, 50002].map((udpPort) => ({ udpPort, module: 0, packets: 0 }));
  t.match(told({ arrived: none }), { status: 'ok' }, 'nothing came at all: other checks say why');
});

t.test('without receivers, and without a service, nothing is checked', async (t) => {
  t.equal(told(null), 'no receiver_ports are configured');
  t.equal(told(null, { service: null }), 'only a running service knows (--url)');
});

t.test('modules that were not set up are named', async (t) => {
  t.match(told({ lacking: [1, 3] }), { status: 'warning', seen: 'modules 1, 3 not set up', remedy: /^rx_hostname/ });
});

t.test('a contradiction is a failure, and never refuses a series by itself', async (t) => {
  const said = 'quad: true in the configuration of the service, but false at the detector (quad)';
  t.match(told({ problems: [said], lacking: [1] }), { status: 'failed', seen: said, loses_data: false });
});

t.test('a port that the client has switched on and on which nothing came is named, with its module', async (t) => {
  const arrived = [
    { udpPort: 50001, module: 0, packets: 1280 },
    { udpPort: 50003, module: 1, packets: 0 },
  ];
  t.match(told({ arrived }), {
    status: 'warning',
    seen: 'no packet on port 50003 (module 1), up to 1280 on others',
    remedy: /^compare 1:udp_dstip, 1:udp_dstport and 1:udp_dstmac/,
  });
});

t.test('packets that would be those of other settings are told', async (t) => {
  t.match(told({ warnings: ['port 50001: dynamic_range: 8 would send this'] }), {
    status: 'warning',
    seen: /dynamic_range: 8/,
    remedy: /rx_hostname again/,
  });
});
