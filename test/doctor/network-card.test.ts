import t from 'tap';
import { askCards, pauseOf, ringOf, runProgram } from '../../src/doctor/network-card.js';
import type { RunProgram } from '../../src/doctor/network-card.js';
import { card } from './good-facts.js';

// As ethtool 6.1 prints them, also for what a driver does not know.
const ring = `Ring parameters for eth1:
Pre-set maximums:
RX:\t\t\t8192
RX Mini:\t\tn/a
RX Jumbo:\t\tn/a
TX:\t\t\t8192
Current hardware settings:
RX:\t\t\t1024
RX Mini:\t\tn/a
RX Jumbo:\t\tn/a
TX:\t\t\t1024
RX Buf Len:\t\tn/a
`;
const pause = 'Pause parameters for eth1:\nAutonegotiate:\toff\nRX:\t\ton\nTX:\t\toff\n';

t.test('the ring as it is and at most', async (t) => {
  t.strictSame(ringOf(ring), { now: 1024, most: 8192 });
  t.equal(ringOf(ring.replace('1024\nRX Mini', 'n/a\nRX Mini')), null);
  t.equal(ringOf(''), null);
});

t.test('whether pause frames are sent', async (t) => {
  t.equal(pauseOf(pause), false);
  t.equal(pauseOf(pause.replace('off\n', 'on\n').replace('TX:\t\toff', 'TX:\t\ton')), true);
  t.equal(pauseOf('Cannot get device pause settings'), null);
});

t.test('a card is asked by name; what it does not know is left out', async (t) => {
  const asked: (readonly string[])[] = [];
  const run: RunProgram = async (program, parameters) => {
    asked.push([program, ...parameters]);
    return parameters[0] === '-g' ? { output: ring } : { error: 75 };
  };
  t.strictSame(await askCards([card], run), [
    { name: 'eth1', receiveRing: { now: 1024, most: 8192 }, sendsPause: null },
  ]);
  t.strictSame(asked, [
    ['ethtool', '-g', 'eth1'],
    ['ethtool', '-a', 'eth1'],
  ]);
});

t.test('no card, no ethtool, no answer: said in a sentence', async (t) => {
  const never: RunProgram = () => Promise.reject(new Error('asked'));
  t.match(await askCards([], never), /not known/);
  t.equal(await askCards([{ ...card, name: 'lo', loopback: true }], never), 'lo is no network card');
  t.equal(await askCards([card], async () => ({ error: 'ENOENT' })), 'ethtool is not installed');
  t.equal(await askCards([card], async () => ({ error: 75 })), 'ethtool says nothing of eth1');
});

t.test('several cards are asked each; one that is none is left out', async (t) => {
  const run: RunProgram = async (_program, [option]) => (option === '-g' ? { output: ring } : { error: 75 });
  const links = [card, { ...card, name: 'eth2' }, { ...card, name: 'lo', loopback: true }];
  t.match(await askCards(links, run), [{ name: 'eth1' }, { name: 'eth2', receiveRing: { now: 1024, most: 8192 } }]);
});

t.test('programs are run without a shell, and failures are values', async (t) => {
  t.strictSame(await runProgram(process.execPath, ['-e', 'process.stdout.write("$HOME")']), { output: '$HOME' });
  t.strictSame(await runProgram(process.execPath, ['-e', 'process.exit(7)']), { error: 7 });
  t.strictSame(await runProgram('/no/such/program', []), { error: 'ENOENT' });
});
