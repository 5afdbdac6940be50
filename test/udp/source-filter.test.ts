import t from 'tap';
import { makeSourceFilter, SocketAddressFilter } from '../../src/udp/source-filter.js';
import { parseIp, socketAddress } from '../../src/runtime/socket-address.js';

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
    const accepts = makeSourceFilter({ address: source, port });
    for (const [address, from] of [...yes, ...no, ...yes])
      t.equal(
        accepts(address, from),
        yes.some((one) => one[0] === address && one[1] === from),
        `${source} ${port}: ${address} ${from}`,
      );
  }
  t.equal(
    makeSourceFilter({ address: 'fe80::1', port: null })('fe80::1%eth0', 1),
    true,
    'the zone is not part of the address',
  );
  t.equal(makeSourceFilter(null)('10.0.0.1', 1), true);
});

t.test('socket addresses get the same verdicts', async (t) => {
  for (const { source, port, yes, no } of ruled) {
    for (const version of [4, 6] as const) {
      if (version === 4 && source.includes(':') && !source.includes('.')) {
        t.throws(() => new SocketAddressFilter({ address: source, port }, 4), {
          name: 'OperatorError',
          message: /no packet could be the detector's/,
        });
        continue;
      }
      const filter = new SocketAddressFilter({ address: source, port }, version);
      for (const [text, from] of [...yes, ...no]) {
        // What such a socket is told: IPv4 senders only, or those as mapped addresses.
        if (version === 4 ? text.includes(':') : !text.includes(':')) continue;
        const words = new Int32Array(16);
        const bytes = socketAddress(parseIp(text), from);
        if (version === 6) bytes.set([1, 2, 3, 4], 4);
        new Uint8Array(words.buffer).set(bytes, 8);
        t.equal(
          filter.accepts(words, 2),
          yes.some((one) => one[0] === text && one[1] === from),
          `${version}: ${source} ${port}: ${text} ${from}`,
        );
      }
    }
  }
});
