import t from 'tap';
import { tryAddresses, tryPorts } from '../../src/doctor/port-trial.js';
import { freeTcpPort, freeUdpPorts, takenTcpPort, takenUdpPort } from '../threads/free-ports.js';
import { receivingAddress, setupOf } from './good-facts.js';

t.test('ports that somebody has are told from free ones; ports that are off or 0 are not tried', async (t) => {
  const [free, off] = (await freeUdpPorts(2)) as [number, number];
  const api = await takenTcpPort();
  t.teardown(api.release);
  const { config } = setupOf();
  const local = {
    ...config,
    udpHosts: ['127.0.0.1', '127.0.0.1'],
    detector: { ...config.detector, udpPorts: [free, off], portsOff: [off] },
    dataPorts: [0],
    apiPort: api.port,
  };
  t.strictSame(await tryPorts(local), [
    { key: 'udp_ports', host: '127.0.0.1', port: free, error: null },
    { key: 'api_port', host: '127.0.0.1', port: api.port, error: 'EADDRINUSE' },
  ]);
  const udp = await takenUdpPort();
  t.teardown(udp.release);
  t.match(
    await tryPorts({
      ...local,
      detector: { ...local.detector, udpPorts: [udp.port, off] },
      apiPort: await freeTcpPort(),
    }),
    [{ port: udp.port, error: 'EADDRINUSE' }, { error: null }],
  );
});

t.test("ports of PSI's client are tried where it will look for them", async (t) => {
  const [own, taken] = [await freeTcpPort(), await takenTcpPort()];
  t.teardown(taken.release);
  const { config } = setupOf();
  const local = {
    ...config,
    detector: { ...config.detector, udpPorts: [] },
    dataPorts: [0],
    apiPort: 0,
    receiverPorts: [own, taken.port],
  };
  const errors = [null, 'EADDRINUSE'];
  const told = (host: string) =>
    local.receiverPorts.map((port, index) => ({ key: 'receiver_ports', host, port, error: errors[index] }));
  t.strictSame(await tryPorts({ ...local, receiverHost: '127.0.0.1' }), told('127.0.0.1'));
  t.strictSame(await tryPorts({ ...local, receiverHost: null, udpHosts: ['127.0.0.1'] }), told('127.0.0.1'));
});

t.test('an address of this machine can be bound, one of documentation cannot', async (t) => {
  t.match(
    await tryAddresses([receivingAddress({ address: '127.0.0.1' }), receivingAddress({ address: '192.0.2.1' })]),
    [{ bindError: null }, { bindError: 'EADDRNOTAVAIL' }],
  );
});
