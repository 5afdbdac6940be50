// Where the service listens when nobody said otherwise.

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makeLogger } from '../../src/runtime/log.js';
import { startService } from '../../src/service/service.js';
import { freeUdpPorts } from './free-ports.js';

/** Does something listen there? */
const answers = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

const bindable = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, address, () => {
      socket.close();
      resolve(true);
    });
  });

t.test('without addresses in the configuration, packets, stream and HTTP are on 127.0.0.1 alone', async (t) => {
  const [first, second] = (await freeUdpPorts(2, '127.0.0.1')) as [number, number];
  const config = parseConfig(
    `det:\n  detector: eiger\n  quad: true\n  udp_ports: [${first}, ${second}]\n  data_port: 0\n  api_port: 0\n`,
    'test.yaml',
    'det',
  );
  const service = await startService(config, { logger: makeLogger('error', 'det', { write: () => undefined }) });
  t.teardown(() => service.stop('the test is over'));
  const ports = [new URL(service.apiUrl).port, new URL(service.dataEndpoint).port].map(Number);
  for (const port of ports) {
    t.equal(await answers('127.0.0.1', port), true);
    t.equal(await answers('127.0.0.2', port), false, 'a socket on all addresses would answer here');
  }
  t.equal(await bindable('127.0.0.1', first), false);
  t.equal(await bindable('127.0.0.2', first), true, 'a socket on all addresses would be in the way');
});
