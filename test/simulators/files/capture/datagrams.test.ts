import t from 'tap';
import { DatagramReader } from '../../../../simulators/files/capture/datagrams.js';
import type { NoDatagram, UdpDatagram } from '../../../../simulators/files/capture/datagrams.js';
import {
  before,
  ethernet,
  fragments,
  fragments6,
  gre,
  ipv4,
  ipv6,
  joined,
  udp,
  vxlan,
  words,
} from '../capture-file.js';

const payload = Uint8Array.from({ length: 40 }, (_, index) => index * 3);
const large = Uint8Array.from({ length: 4096 + 48 }, (_, index) => index * 7);
const whole = { sourcePort: 1234, port: 50001, payload };
const plain = ipv4(udp(50001, payload));

/** What each of these packets gives, one after the other. */
function read(packets: readonly Uint8Array[], linkType = 1): (UdpDatagram | NoDatagram)[] {
  const reader = new DatagramReader();
  return packets.map((bytes) => reader.read({ linkType, bytes }));
}
const one = (bytes: Uint8Array, linkType = 1): UdpDatagram | NoDatagram | undefined => read([bytes], linkType)[0];

t.test('datagrams are found behind every link layer', async (t) => {
  for (const linkType of [0, 1, 12, 14, 101, 108, 113, 228, 276]) {
    const known = [0, 1, 108, 113, 276].includes(linkType) ? linkType : 101;
    t.same(one(before(known, plain), linkType), whole, `IPv4 behind ${linkType}`);
  }
  for (const linkType of [0, 1, 101, 108, 113, 276])
    t.same(one(before(linkType, ipv6(udp(50001, payload)), 0x86dd), linkType), whole, `IPv6 behind ${linkType}`);
  for (const linkType of [1, 113, 276])
    t.equal(one(before(linkType, plain, 0x0806), linkType), 'other', `other traffic behind ${linkType}`);
  t.equal(one(plain, 105), 'other', 'a link layer that is not known');
});

t.test('VLAN tags of every type and number are passed over, in Ethernet and in Linux cooked', async (t) => {
  for (const vlans of [
    [0x8100],
    [0x88a8],
    [0x9100],
    [0x9200],
    [0x88a8, 0x8100],
    [0x9100, 0x8100],
    [0x88a8, 0x8100, 0x8100],
  ]) {
    t.same(one(ethernet(plain, 0x0800, { vlans })), whole, vlans.map((type) => type.toString(16)).join(' '));
  }
  const tagged = joined(words([2, 2], [5, 0x0800]), plain);
  for (const linkType of [113, 276])
    t.same(one(before(linkType, tagged, 0x8100), linkType), whole, `cooked, ${linkType}`);
  const twice = joined(words([2, 2, 2, 2], [5, 0x8100, 6, 0x0800]), plain);
  for (const linkType of [113, 276])
    t.same(one(before(linkType, twice, 0x9100), linkType), whole, `cooked twice, ${linkType}`);
  t.equal(one(ethernet(plain, 0x0806, { vlans: [0x8100] })), 'other');
  t.equal(one(ethernet(new Uint8Array(2), 0x8100)), 'other', 'a tag cut off');
});

t.test('MPLS labels and PPPoE are passed over', async (t) => {
  t.same(one(ethernet(joined(words([4, 4], [(16 << 12) | 64, (17 << 12) | 0x100 | 64]), plain), 0x8847)), whole);
  t.equal(one(ethernet(words([4, 4], [64, 64]), 0x8847)), 'other', 'labels without an end');
  t.same(one(ethernet(joined(words([1, 1, 2, 2, 2], [0x11, 0, 1, plain.length + 2, 0x21]), plain), 0x8864)), whole);
  t.equal(
    one(ethernet(joined(words([1, 1, 2, 2, 2], [0x11, 0, 1, plain.length + 2, 0xc021]), plain), 0x8864)),
    'other',
    'its control packets',
  );
});

t.test('padding, options and extension headers are passed over; other protocols are not datagrams', async (t) => {
  t.same(one(ethernet(plain, 0x0800, { pad: 18 })), whole);
  t.same(one(ethernet(ipv4(udp(50001, payload), { options: 8 }))), whole);
  t.equal(one(ethernet(ipv4(udp(50001, payload), { protocol: 6 }))), 'other');
  t.equal(one(ethernet(ipv4(udp(50001, payload), { protocol: 136 }))), 'other', 'UDP-Lite');
  const hop = (next: number): Uint8Array => Uint8Array.from([next, 0, 1, 4, 0, 0, 0, 0]);
  t.same(one(ethernet(ipv6(udp(50001, payload), 0, hop(17)), 0x86dd)), whole);
  t.equal(one(ethernet(ipv6(udp(50001, payload), 0, hop(6)), 0x86dd)), 'other');
  t.equal(
    one(ethernet(ipv6(new Uint8Array(0), 0, joined(...new Array<Uint8Array>(30).fill(hop(0)))), 0x86dd)),
    'other',
    'extension headers without end',
  );
  t.equal(one(ethernet(Uint8Array.from([0x50, 1, 2, 3]))), 'other', 'IP version 5');
  t.same(one(ethernet(ipv4(udp(50001, new Uint8Array(0))))), { ...whole, payload: new Uint8Array(0) });
});

t.test('datagrams that were not captured to their end are told apart from whole ones', async (t) => {
  const frame = ethernet(plain);
  t.equal(one(frame.subarray(0, -1)), 'cut');
  t.equal(one(frame.subarray(0, 14 + 20 + 4)), 'cut', 'within the UDP header');
  t.same(one(frame), whole);
  t.same(
    one(ethernet(ipv4(udp(50001, payload), { total: 0 }))),
    whole,
    'a length of 0, as before the card has cut it up',
  );
});

for (const [name, cut] of [
  ['IPv4', fragments],
  ['IPv6', fragments6],
] as const) {
  const type = name === 'IPv4' ? 0x0800 : 0x86dd;
  const pieces = cut(udp(50001, large), { id: 7 }).map((piece) => ethernet(piece, type, { pad: 2 }));
  const found = { ...whole, payload: large };

  t.test(`fragments of ${name} are put together in any order; the last to come gives the datagram`, async (t) => {
    t.equal(pieces.length, 3);
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ]) {
      const seen = read(order.map((index) => pieces[index]));
      t.same(seen, ['fragment', 'fragment', found], order.join());
    }
  });

  t.test(`fragments of ${name}: twice each, mixed with another datagram's, missing, cut`, async (t) => {
    const reader = new DatagramReader();
    const seen = (bytes: Uint8Array): UdpDatagram | NoDatagram => reader.read({ linkType: 1, bytes });
    const twice = pieces.flatMap((piece) => [seen(piece), seen(piece)]);
    t.same(twice, ['fragment', 'fragment', 'fragment', 'fragment', found, 'fragment']);
    t.equal(reader.unfinishedFragments, 0, 'what came again is no datagram that lacks something');
    const others = cut(
      udp(
        50002,
        large.map((byte) => byte ^ 255),
      ),
      { id: 8 },
    ).map((piece) => ethernet(piece, type));
    const mixed = pieces.flatMap((piece, index) => [piece, others[index]]);
    t.same(
      read(mixed).filter((datagram) => datagram !== 'fragment'),
      [found, { ...whole, port: 50002, payload: large.map((byte) => byte ^ 255) }],
    );
    const lacking = new DatagramReader();
    for (const piece of [pieces[0], pieces[2]]) lacking.read({ linkType: 1, bytes: piece });
    t.equal(lacking.unfinishedFragments, 2);
    t.equal(one(pieces[1].subarray(0, 100)), 'cut');
  });
}

t.test(
  'an identification that comes again is another datagram, and of what never becomes whole nothing is mixed in',
  async (t) => {
    const made = (value: number): Uint8Array[] =>
      fragments(udp(50001, new Uint8Array(4000).fill(value)), { id: 5 }).map((piece) => ethernet(piece));
    const [first, second] = [made(1), made(2)];
    const seen = read([first[0], first[1], ...second]);
    t.same(
      seen.map((datagram) => (typeof datagram === 'string' ? datagram : [...new Set(datagram.payload)])),
      ['fragment', 'fragment', 'fragment', 'fragment', [2]],
    );
    t.same(
      read([...first, ...second]).map((datagram) => (typeof datagram === 'string' ? datagram : datagram.payload[0])),
      ['fragment', 'fragment', 1, 'fragment', 'fragment', 2],
    );
  },
);

t.test('what waits for fragments is bounded, however many datagrams lack one', async (t) => {
  const reader = new DatagramReader();
  const count = 3000;
  for (let id = 0; id < count; id++) reader.read({ linkType: 101, bytes: fragments(udp(50001, large), { id })[0] });
  t.equal(reader.unfinishedFragments, count, 'all are counted');
  const late = fragments(udp(50001, large), { id: 0 });
  t.same(
    late.slice(1).map((bytes) => reader.read({ linkType: 101, bytes })),
    ['fragment', 'fragment'],
    'the first is not waited for any more',
  );
  const fresh = fragments(udp(50001, large), { id: count - 1 });
  t.same(
    fresh.slice(1).map((bytes) => reader.read({ linkType: 101, bytes })),
    ['fragment', { ...whole, payload: large }],
  );
});

t.test('fragments that cannot be are no datagram', async (t) => {
  const reader = new DatagramReader();
  for (const [content, flags] of [
    [new Uint8Array(7), 0x2000],
    [new Uint8Array(0), 0x2000],
    [new Uint8Array(1480), 0x1fff],
  ] as const) {
    t.equal(reader.read({ linkType: 101, bytes: ipv4(content, { flags }) }), 'fragment');
  }
  t.equal(reader.unfinishedFragments, 3);
});

t.test('what a mirror has wrapped up is unwrapped: GRE, ERSPAN of three types, VXLAN, Geneve, IP in IP', async (t) => {
  const frame = ethernet(plain);
  const erspan2 = words([4, 4], [0x10010801, 0]);
  const erspan3 = (last: number): Uint8Array => words([4, 4, 2, 2], [0x20010801, 0, 0, last]);
  const geneve = (type: number, content: Uint8Array, options = 0): Uint8Array =>
    ipv4(udp(6081, joined(words([1, 1, 2, 4], [options, 0, type, 42 << 8]), new Uint8Array(4 * options), content)));
  const mirrors: Record<string, Uint8Array> = {
    'GRE, IP inside': gre(0x0800, plain),
    'GRE, Ethernet inside': gre(0x6558, frame),
    'GRE with checksum, key and sequence number': gre(0x0800, plain, 0xb000, [1, 2, 3]),
    'ERSPAN I': gre(0x88be, frame),
    'ERSPAN II': gre(0x88be, joined(erspan2, frame), 0x1000, [9]),
    'ERSPAN III': gre(0x22eb, joined(erspan3(0), frame), 0x1000, [9]),
    'ERSPAN III with eight bytes more': gre(0x22eb, joined(erspan3(1), new Uint8Array(8), frame), 0x1000, [9]),
    'ERSPAN III, IP inside': gre(0x22eb, joined(erspan3(2 << 10), plain), 0x1000, [9]),
    VXLAN: vxlan(frame),
    'VXLAN at the old port of Linux': vxlan(frame, 8472),
    Geneve: geneve(0x6558, frame, 3),
    'Geneve, IP inside': geneve(0x0800, plain),
    'IP in IP': ipv4(plain, { protocol: 4 }),
    'VXLAN in GRE': gre(0x6558, ethernet(vxlan(ethernet(plain, 0x0800, { vlans: [0x8100] })))),
  };
  for (const [name, packet] of Object.entries(mirrors)) t.same(one(ethernet(packet)), whole, name);
  t.same(
    read(fragments(joined(words([2, 2], [0, 0x6558]), ethernet(ipv4(udp(50001, large)))), { protocol: 47 }), 101).at(
      -1,
    ),
    { ...whole, payload: large },
    'a mirror in fragments',
  );
  t.same(
    read(
      fragments(udp(50001, large)).map((piece) => ethernet(vxlan(ethernet(piece)))),
      1,
    ).at(-1),
    { ...whole, payload: large },
    'fragments in a mirror',
  );
  t.equal(one(ethernet(gre(0x880b, plain, 0x2001, [1]))), 'other', 'PPTP');
  t.equal(
    one(ethernet(gre(0x22eb, joined(erspan3(1 << 10), frame), 0x1000, [9]))),
    'other',
    'a frame of ERSPAN III that is neither',
  );
  t.equal(one(ethernet(gre(0x0800, new Uint8Array(0)))), 'other', 'nothing inside');
  let deep = plain;
  for (let depth = 0; depth < 40; depth++) deep = ipv4(deep, { protocol: 4 });
  t.equal(one(deep, 101), 'other', 'wrapped up without end');
});

t.test('a detector may use the port of a tunnel: its datagrams are not unwrapped', async (t) => {
  for (const port of [4789, 8472, 6081]) {
    const packet = Uint8Array.from({ length: 2608 }, (_, index) => (index === 0 ? 8 : index > 7 ? index : 0));
    t.same(one(ethernet(ipv4(udp(port, packet)))), { sourcePort: 1234, port, payload: packet }, String(port));
  }
});

t.test(
  'datagrams that were taken together are one payload, even where the header tells the length of the first, or none',
  async (t) => {
    const together = joined(payload, payload, payload);
    for (const length of [8 + together.length, 8 + payload.length, 0])
      t.same(one(ethernet(ipv4(udp(50001, together, 1234, length)))), { ...whole, payload: together }, String(length));
    t.same(
      one(ethernet(ipv4(joined(udp(50001, payload), new Uint8Array(7))))),
      whole,
      'anything else behind a datagram is none of it',
    );
  },
);
