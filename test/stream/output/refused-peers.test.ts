import t from 'tap';
import { peerRefusals } from '../../../src/contract/refused-peers.js';
import type { PeerRefusal } from '../../../src/contract/refused-peers.js';
import { RefusedPeers } from '../../../src/stream/output/refused-peers.js';

t.test('each reason has a counter of its own and a sentence with the address', (t) => {
  const reasons = Object.keys(peerRefusals) as PeerRefusal[];
  t.equal(new Set(reasons.map((reason) => peerRefusals[reason].counter)).size, reasons.length);
  const told = new RefusedPeers();
  for (const reason of reasons) {
    const { says, remedy } = peerRefusals[reason];
    const sentence = told.sentence({ reason, address: '192.0.2.7:1' }, 0) ?? '';
    t.ok(sentence.startsWith(`data port: 192.0.2.7 ${says}`) && sentence.includes(remedy), sentence);
  }
  t.match(told.sentence({ reason: 'malformed', address: '' }, 0), /^data port: a peer sent/);
  t.end();
});

t.test('an address is told of once a minute for each reason, from whatever port it comes', (t) => {
  const told = new RefusedPeers();
  const knock = (reason: PeerRefusal, address: string, now: number): boolean =>
    told.sentence({ reason, address }, now) !== null;
  t.ok(knock('too_many', '192.0.2.7:1', 0));
  t.notOk(knock('too_many', '192.0.2.7:2', 59_999));
  t.ok(knock('malformed', '192.0.2.7:2', 59_999), 'another reason');
  t.ok(knock('too_many', '192.0.2.8:2', 59_999), 'another address');
  t.ok(knock('too_many', '192.0.2.7:3', 60_000));
  t.end();
});

t.test('of ever more addresses no more than 64 are remembered: then one sentence a minute stands for all', (t) => {
  const told = new RefusedPeers();
  const sentences = Array.from({ length: 1000 }, (_, index) =>
    told.sentence({ reason: 'no_handshake', address: `10.0.${index >> 8}.${index & 255}:1` }, 0),
  ).filter((text) => text !== null);
  t.equal(sentences.length, 65);
  t.end();
});
