import t from 'tap';
import { hostOf, hostPort, portOf } from '../../src/base/host-port.js';

t.test('an IPv6 address has brackets, so that its port can be told apart; others have none', (t) => {
  t.equal(hostPort('10.1.2.20', 9999), '10.1.2.20:9999');
  t.equal(hostPort('localhost', 0), 'localhost:0');
  t.equal(hostPort('fd00::20', 9999), '[fd00::20]:9999');
  t.equal(hostPort('::', '*'), '[::]:*');
  t.equal(new URL(`http://${hostPort('::1', 5000)}/`).hostname, '[::1]');
  t.end();
});

t.test('host and port are found again, however a way out writes them', (t) => {
  for (const [text, host, port] of [
    ['192.0.2.7:41312', '192.0.2.7', 41312],
    ['tcp://192.0.2.7:41312', '192.0.2.7', 41312],
    ['tcp://dcu.lab:9999', 'dcu.lab', 9999],
    ['[::1]:9999', '::1', 9999],
    ['tcp://[fd00::7]:1', 'fd00::7', 1],
    ['192.0.2.7', '192.0.2.7', null],
    ['fd00::7', 'fd00::7', null],
    ['[fd00::7]', 'fd00::7', null],
    ['tcp://0.0.0.0:*', '0.0.0.0:*', null],
    ['', '', null],
  ] as const)
    t.strictSame([hostOf(text), portOf(text)], [host, port], text);
  for (const host of ['192.0.2.7', 'fd00::7']) t.equal(hostOf(hostPort(host, 9999)), host);
  t.end();
});
