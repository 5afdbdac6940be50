import t from 'tap';
import { parseSource } from '../../src/config/networks.js';
import type { UdpSource } from '../../src/config/networks.js';
import { makeSenderWord, SenderWord } from '../../src/udp/source-filter.js';
import { parseIp, socketAddress } from '../../src/runtime/socket-address.js';

const sourceOf = (text: string, port: number | null): UdpSource => ({ ...(parseSource(text) as UdpSource), port });

const ruled: readonly {
  source: string;
  port: number | null;
  yes: readonly [string, number][];
  no: readonly [string, number][];
}[] = [
  {
    source: '10.0.0.7',
    port: null,
    yes: [
      ['10.0.0.7', 1],
      ['10.0.0.7', 65535],
      ['::ffff:10.0.0.7', 9],
      ['::ffff:a00:7', 9],
    ],
    no: [
      ['10.0.0.8', 1],
      ['::10.0.0.7', 1],
      ['::1', 1],
    ],
  },
  {
    source: '10.0.0.7',
    port: 32410,
    yes: [
      ['10.0.0.7', 32410],
      ['::ffff:10.0.0.7', 32410],
    ],
    no: [
      ['10.0.0.7', 32411],
      ['10.0.0.7', 39550],
      ['10.0.1.7', 32410],
    ],
  },
  {
    source: '::ffff:10.0.0.7',
    port: null,
    yes: [
      ['10.0.0.7', 1],
      ['::ffff:10.0.0.7', 1],
    ],
    no: [['10.0.0.6', 1]],
  },
  {
    source: '2001:DB8:0:0::1',
    port: null,
    yes: [['2001:db8::1', 4]],
    no: [
      ['2001:db8::2', 4],
      ['2001:db8:1::1', 4],
      ['10.0.0.7', 4],
    ],
  },
  {
    source: '10.0.0.0/29',
    port: null,
    yes: [
      ['10.0.0.0', 1],
      ['10.0.0.7', 1],
      ['::ffff:10.0.0.7', 9],
    ],
    no: [
      ['10.0.0.8', 1],
      ['9.255.255.255', 1],
      ['::ffff:10.0.0.8', 9],
    ],
  },
  {
    source: 'fd00:1::/33',
    port: null,
    yes: [['fd00:1:7fff::9', 4]],
    no: [
      ['fd00:1:8000::', 4],
      ['fd00:2::', 4],
    ],
  },
  {
    source: 'fe80::1',
    port: 7,
    yes: [['fe80::1', 7]],
    no: [
      ['fe80::1', 8],
      ['fe80::2', 7],
    ],
  },
];

t.test('a sender is the configured one by address, and by port when one is given', async (t) => {
  for (const { source, port, yes, no } of ruled) {
    const word = makeSenderWord([sourceOf(source, port)]);
    for (const [address, from] of [...yes, ...no, ...yes])
      t.equal(
        word(address, from) !== 0,
        yes.some((one) => one[0] === address && one[1] === from),
        `${source} ${port}: ${address} ${from}`,
      );
  }
  t.equal(
    makeSenderWord([sourceOf('fe80::1', null)])('fe80::1%eth0', 1) !== 0,
    true,
    'the zone is not part of the address',
  );
  t.not(makeSenderWord([])('10.0.0.1', 1), 0);
});

t.test('socket addresses get the same verdicts', async (t) => {
  for (const { source, port, yes, no } of ruled) {
    for (const version of [4, 6] as const) {
      if (version === 4 && source.includes(':') && !source.includes('.')) {
        t.throws(() => new SenderWord([sourceOf(source, port)], 4), {
          name: 'OperatorError',
          message: /no packet could be the detector's/,
        });
        continue;
      }
      const filter = new SenderWord([sourceOf(source, port)], version);
      for (const [text, from] of [...yes, ...no]) {
        // What such a socket is told: IPv4 senders only, or those as mapped addresses.
        if (version === 4 ? text.includes(':') : !text.includes(':')) continue;
        const words = new Int32Array(16);
        const bytes = socketAddress(parseIp(text), from);
        if (version === 6) bytes.set([1, 2, 3, 4], 4);
        new Uint8Array(words.buffer).set(bytes, 8);
        t.equal(
          filter.of(words, 2) !== 0,
          yes.some((one) => one[0] === text && one[1] === from),
          `${version}: ${source} ${port}: ${text} ${from}`,
        );
      }
    }
  }
});

t.test('of several sources each may send; the word is that of the sender, not of the source', async (t) => {
  const word = makeSenderWord([sourceOf('10.0.0.0/30', null), sourceOf('10.0.1.9', 7)]);
  const [one, two, three] = [word('10.0.0.1', 1), word('10.0.0.2', 1), word('10.0.1.9', 7)];
  t.equal(new Set([0, one, two, three]).size, 4);
  t.equal(word('10.0.0.1', 2), one);
  t.equal(word('10.0.1.9', 8), 0);
  t.equal(word('10.0.0.4', 7), 0);
  t.equal(makeSenderWord([])('10.0.0.1', 5), one);
});

t.test('all IPv4 senders of a network have different words', async (t) => {
  const sender = new SenderWord([], 4);
  const words = new Int32Array(4);
  const seen = new Set<number>();
  for (let last = 0; last < 65536; last++) {
    new Uint8Array(words.buffer).set(socketAddress(parseIp(`10.1.${last >> 8}.${last & 255}`), 32410));
    seen.add(sender.of(words, 0));
  }
  t.equal(seen.size, 65536);
  t.notOk(seen.has(0));
});
