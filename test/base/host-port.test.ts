import t from 'tap';
import { hostPort } from '../../src/base/host-port.js';

t.test('an IPv6 address has brackets, so that its port can be told apart; others have none', (t) => {
  t.equal(hostPort('10.1.2.20', 9999), '10.1.2.20:9999');
  t.equal(hostPort('localhost', 0), 'localhost:0');
  t.equal(hostPort('fd00::20', 9999), '[fd00::20]:9999');
  t.equal(hostPort('::', '*'), '[::]:*');
  t.equal(new URL(`http://${hostPort('::1', 5000)}/`).hostname, '[::1]');
  t.end();
});
