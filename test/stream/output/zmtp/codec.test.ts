import t from 'tap';
import {
  greeting,
  longestCommand,
  partHeadBytes,
  ping,
  pongFor,
  readCommand,
  readGreeting,
  readProperties,
  readSubscription,
  ready,
  subscriptionOf,
  writePartHead,
} from '../../../../src/stream/output/zmtp/codec.js';
import type { Command } from '../../../../src/stream/output/zmtp/codec.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
const asHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const latin1 = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** What libzmq 4.3 sends: greeting, and a PULL's READY, as seen on the wire. */
const peerGreeting = hex(`ff00000000000000017f 03 01 ${latin1('NULL')} ${'00'.repeat(16)} 00 ${'00'.repeat(31)}`);
const pullReady = hex(`04 1a 05 ${latin1('READY')} 0b ${latin1('Socket-Type')} 00000004 ${latin1('PULL')}`);

t.test('our greeting is that of libzmq 4.3, byte by byte', (t) => {
  t.equal(asHex(greeting()), asHex(peerGreeting));
  t.end();
});

t.test('a greeting is read as it comes, and its minor version kept', (t) => {
  for (let length = 0; length < 64; length++)
    t.equal(readGreeting(peerGreeting.subarray(0, length)), 'incomplete', `${length} bytes`);
  t.same(readGreeting(peerGreeting), { minor: 1 });
  for (const minor of [0, 1, 2]) t.same(readGreeting(peerGreeting.with(10, 3).with(11, minor)), { minor });
  t.same(readGreeting(peerGreeting.with(4, 77)), { minor: 1 }, 'the eight bytes of the signature may be anything');
  t.same(readGreeting(peerGreeting.with(32, 1)), { minor: 1 }, 'and so may as-server');
  t.end();
});

t.test('what is no greeting of ZMTP 3 is known by its first bytes', (t) => {
  t.equal(readGreeting(hex(latin1('G'))), 'malformed');
  t.equal(readGreeting(hex(latin1('SSH-2.0'))), 'malformed');
  t.equal(readGreeting(hex('00')), 'malformed');
  t.equal(readGreeting(hex('16 03 01')), 'malformed', 'TLS');
  t.equal(readGreeting(hex('01')), 'incomplete');
  t.equal(readGreeting(hex('01 00')), 'old_protocol', 'ZMTP 1: an empty identity');
  t.equal(readGreeting(hex('01 41')), 'malformed');
  t.equal(readGreeting(hex('ff 0000000000000001 00')), 'old_protocol', 'ZMTP 1 with a long identity');
  t.equal(readGreeting(hex('ff 0000000000000001 33')), 'malformed');
  for (const major of [0, 1, 2])
    t.equal(readGreeting(hex(`ff 0000000000000001 7f 0${major}`)), 'old_protocol', `major ${major}`);
  t.equal(readGreeting(peerGreeting.with(10, 4)).constructor, Object, 'a later version is for the peer to refuse');
  for (const mechanism of ['PLAIN', 'CURVE', 'NULLX']) {
    const other = peerGreeting.slice();
    other.set(Buffer.from(mechanism), 12);
    t.equal(readGreeting(other), 'mechanism', mechanism);
  }
  t.end();
});

t.test("our READY is a PULL's with the other name; properties follow", (t) => {
  t.equal(asHex(ready('PULL')), asHex(pullReady));
  const body =
    `05 ${latin1('READY')} 0b ${latin1('Socket-Type')} 00000004 ${latin1('PUSH')} ` +
    `03 ${latin1('X-A')} 00000002 ${latin1('bc')}`;
  t.equal(asHex(ready('PUSH', { 'X-A': 'bc' })), `0424${asHex(hex(body))}`);
  const long = ready('PUSH', { 'X-Long': 'y'.repeat(300) });
  t.equal(asHex(long.subarray(0, 9)), `0600000000000001${(long.length - 9 - 256).toString(16).padStart(2, '0')}`);
  t.equal(readProperties((readCommand(long) as Command).data)?.get('x-long'), 'y'.repeat(300));
  t.end();
});

t.test('a command is read whole, in short and in long form, and what follows is left', (t) => {
  for (let length = 0; length < pullReady.length; length++)
    t.equal(readCommand(pullReady.subarray(0, length)), 'incomplete');
  const command = readCommand(hex(`${asHex(pullReady)} 0407`)) as Command;
  t.match(command, { name: 'READY', bytes: pullReady.length });
  t.same([...(readProperties(command.data) ?? [])], [['socket-type', 'PULL']]);
  const long = readCommand(hex(`06 000000000000001a ${asHex(pullReady.subarray(2))}`)) as Command;
  t.match(long, { name: 'READY', bytes: pullReady.length + 7 });
  t.end();
});

t.test('messages, broken commands and endless ones are told apart', (t) => {
  for (const flags of ['00', '01', '02', '03']) t.equal(readCommand(hex(`${flags}05`)), 'message', flags);
  for (const flags of ['05', '07', '08', '0c', '44', '84']) t.equal(readCommand(hex(`${flags}05`)), 'malformed', flags);
  t.equal(readCommand(hex('04 00')), 'malformed', 'no name');
  t.equal(readCommand(hex('04 01 00')), 'malformed', 'an empty name');
  t.equal(readCommand(hex('04 03 05 4142')), 'malformed', 'a name longer than the command');
  t.equal(readCommand(hex('06 00000000 7fffffff')), 'malformed', 'two gigabytes');
  t.equal(readCommand(hex('06 ffffffffffffffff')), 'malformed', 'a number beyond all');
  const largest = hex(`06 ${longestCommand.toString(16).padStart(16, '0')}`);
  t.equal(readCommand(largest), 'incomplete');
  t.equal(readCommand(hex(`06 ${(longestCommand + 1).toString(16).padStart(16, '0')}`)), 'malformed');
  t.end();
});

t.test('a list of properties that does not end where it should is none', (t) => {
  const data = pullReady.subarray(8);
  for (let length = 1; length < data.length; length++)
    t.equal(readProperties(data.subarray(0, length)), null, `${length} bytes`);
  t.equal(readProperties(hex('01 41 ffffffff')), null);
  t.equal(readProperties(new Uint8Array(0))?.size, 0);
  t.end();
});

t.test('a PING is answered by a PONG with the same context', (t) => {
  t.equal(asHex(ping(0)), `0407 04${latin1('PING')}0000`.replaceAll(' ', ''));
  t.equal(asHex(ping(300)), `040704${latin1('PING')}012c`);
  t.equal(asHex(pongFor(hex('012c')) as Uint8Array), `040504${latin1('PONG')}`);
  t.equal(asHex(pongFor(hex('012c 636f6e74657874')) as Uint8Array), `040c04${latin1('PONG')}636f6e74657874`);
  t.ok(pongFor(hex(`0000 ${'aa'.repeat(16)}`)), 'sixteen bytes of context');
  t.equal(pongFor(hex(`0000 ${'aa'.repeat(17)}`)), null, 'and no more');
  t.equal(pongFor(hex('00')), null, 'a PING without time to live is none');
  t.end();
});

t.test('heads of parts: one byte of length up to 255, eight beyond', (t) => {
  const head = (length: number, more: boolean): string => {
    const bytes = new Uint8Array(2 + partHeadBytes);
    return asHex(bytes.subarray(2, 2 + writePartHead(bytes, 2, length, more)));
  };
  t.equal(head(1, true), '0101');
  t.equal(head(0, false), '0000');
  t.equal(head(255, false), '00ff');
  t.equal(head(256, false), '020000000000000100');
  t.equal(head(528392, false), '020000000000081008');
  t.equal(head(256, true), '030000000000000100');
  t.equal(head(2 ** 40 + 5, false), '020000010000000005');
  t.end();
});

t.test('a subscription by command, as ZMTP 3.1 has it, and what is none', (t) => {
  const command = (text: string, data: string): Command => {
    const body = hex(`${latin1(text)} ${data}`);
    const read = readCommand(
      hex(
        `04 ${(body.length + 1).toString(16).padStart(2, '0')} 0${text.length.toString(16)}` +
          Buffer.from(body).toString('hex'),
      ),
    );
    if (typeof read === 'string') throw new Error(read);
    return read;
  };
  t.same(subscriptionOf(command('SUBSCRIBE', '')), { adds: true, topic: hex('') });
  t.same(subscriptionOf(command('SUBSCRIBE', '7b22')), { adds: true, topic: hex('7b22') });
  t.same(subscriptionOf(command('CANCEL', '7b')), { adds: false, topic: hex('7b') });
  t.equal(subscriptionOf(command('PING', '0000')), null);
  t.end();
});

t.test('a subscription by message, as ZMTP 3.0 has it, as it comes', (t) => {
  const whole = hex('00 03 01 7b22');
  for (let length = 0; length < whole.length; length++)
    t.equal(readSubscription(whole.subarray(0, length)), 'incomplete', `${length} bytes`);
  t.same(readSubscription(whole), { adds: true, topic: hex('7b22'), bytes: 5 });
  t.same(readSubscription(hex('00 01 00 04')), { adds: false, topic: hex(''), bytes: 3 });
  t.equal(readSubscription(hex('00 00')), null, 'an empty message');
  t.equal(readSubscription(hex('00 02 05 00')), null, 'neither adds nor cancels');
  t.equal(readSubscription(hex('01 02 01 00')), null, 'of several parts');
  t.equal(readSubscription(hex('02 00')), null, 'longer than any topic');
  t.end();
});
