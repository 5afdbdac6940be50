import t from 'tap';
import { SenderWords, senderWordsBytes } from '../../src/memory/sender-words.js';
import { parseIp, senderText, socketAddress } from '../../src/runtime/socket-address.js';

t.test('a sender is named until it is forgotten, and leaves its neighbours alone', async (t) => {
  const buffer = new SharedArrayBuffer(3 * senderWordsBytes);
  new Int32Array(buffer).fill(-1);
  const sender = new SenderWords(buffer, senderWordsBytes);
  sender.forget();
  t.equal(sender.known, false);
  t.equal(sender.address, null);
  for (const [address, text] of [
    ['10.1.2.20', '10.1.2.20:32410'],
    ['fd00:1::20', '[fd00:1::20]:32410'],
    ['::ffff:10.1.2.20', '10.1.2.20:32410'],
  ] as const) {
    const words = new Int32Array(10);
    new Uint8Array(words.buffer).set(socketAddress(parseIp(address), 32410), 8);
    sender.set(words, 2);
    t.equal(sender.known, true);
    t.equal(senderText(sender.address as Uint8Array), text);
  }
  const all = new Int32Array(buffer);
  t.equal(all[senderWordsBytes / 4 - 1], -1);
  t.equal(all[senderWordsBytes / 2], -1);
  sender.forget();
  t.equal(sender.address, null);
});
