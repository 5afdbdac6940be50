// Checks of everything between the detector's cable and the socket, and of the stream's other end. Pure: facts in,
// verdict out. Sources: kernel documentation, networking/scaling.rst and admin-guide/sysctl/net.rst; figures:
// docs/operating.md.

import { defaultOf, maximumOf } from '../config/schema.js';
import type { AddressFacts, BufferFacts, CardFacts, Facts, LinkFacts } from './facts.js';
import { receivingAddresses, receivingLinks } from './receiving.js';
import { failed, losing, notChecked, ok, warning } from './verdict.js';
import type { Check, NotChecked, Verdict } from './verdict.js';

/**
 * A buffer that bridges less than one turn of a receiver (256 packets at 2 µs) overflows however idle the machine is.
 */
const coverLeastMs = 0.5;
/**
 * A buffer that bridges less than this overflows when the receiver is kept waiting as happens on every busy machine.
 */
const coverWantedMs = 50;
/** Time that a CPU's backlog should bridge: a few scheduler ticks. */
const backlogMs = 10;
const headersBytes = { 4: 28, 6: 48 } as const;
const jumboMtu = 9000;

export const networkChecks: readonly Check[] = [
  { check: 'receive_buffer', examine: receiveBuffer },
  { check: 'rmem_max', examine: rmemMax },
  { check: 'netdev_max_backlog', examine: backlog },
  { check: 'address', examine: address },
  { check: 'mtu', examine: mtu },
  { check: 'ports', examine: ports },
  { check: 'nic_ring', examine: cardRing },
  { check: 'nic_pause', examine: cardPause },
  { check: 'consumer', examine: consumer },
];

function receiveBuffer({ setup, receiveBuffers }: Facts): Verdict | NotChecked {
  const smallest = smallestOf(receiveBuffers);
  if (smallest === null) return notChecked('the kernel does not say what it granted');
  const { requestedBytes, grantedBytes } = smallest;
  const seen =
    `${smallest.udpPort === null ? '' : `port ${smallest.udpPort}: `}${grantedBytes} of ${requestedBytes} bytes ` +
    'granted';
  const rate = setup?.plan.rate ?? null;
  if (setup === null || rate === null) {
    const unknown = `${seen}; how long that lasts is unknown without frame_rate_hz`;
    return grantedBytes < requestedBytes
      ? warning(unknown, `${requestedBytes} bytes`, sysctl('rmem_max', requestedBytes))
      : ok(unknown, `${requestedBytes} bytes`);
  }
  const bytesPerMs = setup.config.receiveBufferBytes / rate.perPort.receiveBufferMs;
  const coverMs = grantedBytes / bytesPerMs;
  const wantedBytes = Math.min(maximumOf('receive_buffer_bytes'), Math.ceil(coverWantedMs * bytesPerMs));
  const covered = `${seen} = ${rounded(coverMs)} ms at ${rounded(rate.framesPerSecond)} Hz`;
  const needed = `${coverWantedMs} ms = ${wantedBytes} bytes; below ${coverLeastMs} ms packets are lost for certain`;
  const option = `receive_buffer_bytes: ${wantedBytes} in the configuration`;
  const kernelLimit = sysctl('rmem_max', Math.max(requestedBytes, wantedBytes));
  const remedy =
    grantedBytes >= requestedBytes
      ? option
      : requestedBytes < wantedBytes
        ? `${kernelLimit}, and ${option}`
        : kernelLimit;
  if (coverMs < coverLeastMs) return losing(covered, needed, remedy);
  return grantedBytes < wantedBytes ? warning(covered, needed, remedy) : ok(covered, needed);
}

function rmemMax({ setup, receiveBuffers, kernel }: Facts): Verdict | NotChecked {
  if (kernel.rmemMax === null) return notChecked('net.core.rmem_max cannot be read');
  const wanted = setup?.config.receiveBufferBytes ?? defaultOf('receive_buffer_bytes');
  const needed = `${wanted} bytes${setup === null ? ' (receive_buffer_bytes by default)' : ' (receive_buffer_bytes)'}`;
  if (kernel.rmemMax >= wanted) return ok(`${kernel.rmemMax} bytes`, needed);
  const smallest = smallestOf(receiveBuffers);
  if (smallest !== null && smallest.grantedBytes >= smallest.requestedBytes)
    return ok(`${kernel.rmemMax} bytes, but sockets got what they asked for (CAP_NET_ADMIN)`, needed);
  return warning(
    `${kernel.rmemMax} bytes`,
    needed,
    `${sysctl('rmem_max', wanted)} && echo net.core.rmem_max=${wanted} > /etc/sysctl.d/90-vdcu.conf`,
  );
}

function backlog({ setup, kernel }: Facts): Verdict | NotChecked {
  const rate = setup?.plan.rate ?? null;
  if (setup === null || rate === null) return notChecked('needs frame_rate_hz');
  if (kernel.netdevMaxBacklog === null) return notChecked('net.core.netdev_max_backlog cannot be read');
  const perSecond = rate.perPort.packetsPerSecond * setup.plan.ports.filter(({ off }) => !off).length;
  const wanted = Math.ceil((perSecond * backlogMs) / 1000);
  const seen =
    `${kernel.netdevMaxBacklog} packets = ${rounded((kernel.netdevMaxBacklog * 1000) / perSecond)} ms at ` +
    `${rounded(perSecond)} packets/s`;
  const needed = `${backlogMs} ms = ${wanted} packets`;
  return kernel.netdevMaxBacklog >= wanted
    ? ok(seen, needed)
    : warning(seen, needed, sysctl('netdev_max_backlog', Math.max(10_000, wanted)));
}

function address({ addresses }: Facts): Verdict | NotChecked {
  if (addresses.length === 0) return notChecked('needs CONFIG NAME');
  const needed = 'addresses of this machine, on interfaces that are up and have a carrier';
  const absent = addresses.filter(({ bindError }) => bindError !== null);
  if (absent.length > 0) {
    const seen = absent
      .map((entry) => {
        const none = entry.bindError === 'EADDRNOTAVAIL';
        const why = none ? 'this machine has no such address' : `cannot be bound (${entry.bindError})`;
        return `${named(entry)}: ${why}`;
      })
      .join('; ');
    return failed(
      seen,
      needed,
      `correct ${[...new Set(absent.map(({ key }) => key))].join(', ')}; ip -br addr lists the addresses of this ` +
        'machine',
    );
  }
  const down = addresses.filter(({ link, wildcard }) => link === null && !wildcard);
  // The detector's before those of others.
  const worst = receivingAddresses(down).length > 0 ? receivingAddresses(down) : down.slice(0, 1);
  if (worst.length === 0)
    return ok(
      addresses.map((entry) => `${named(entry)} on ${entry.wildcard ? 'all interfaces' : entry.link?.name}`).join(', '),
      needed,
    );
  const seen = worst
    .map((entry) => `${named(entry)}: no interface that is up and has a carrier has this address`)
    .join('; ');
  const remedy =
    'ip -br addr | grep -wF ' +
    `${worst.map((entry) => (worst.length === 1 ? entry.address : `-e ${entry.address}`)).join(' ')} names the ` +
    'interface, if one has it: ip link set dev IF up, and look at its cable';
  return receivingAddresses(worst).length > 0 ? losing(seen, needed, remedy) : warning(seen, needed, remedy);
}

/** Of each interface that the detector's packets come by; the largest headers count. */
function mtu({ setup, service, addresses }: Facts): Verdict | NotChecked {
  if (setup === null) return notChecked('needs CONFIG NAME');
  const receiving = receivingAddresses(addresses);
  const links = receivingLinks(addresses).filter((link): link is LinkFacts & { mtu: number } => link.mtu !== null);
  if (links.length === 0)
    return notChecked(
      receiving[0]?.wildcard === true
        ? `udp_host ${receiving[0].address} does not tell the interface`
        : 'the interface of udp_host is not known',
    );
  const { packetBytes } = setup.plan.detector;
  const wanted = packetBytes + headersBytes[receiving.some(({ address: text }) => text.includes(':')) ? 6 : 4];
  const seen = links.map(({ name, mtu: present }) => `${name}: ${present} bytes`).join(', ');
  const needed =
    `${wanted} bytes: packets of ${packetBytes} with UDP and IP headers; also in the switches and the ` + 'detector';
  const small = links.filter(({ mtu: present }) => present < wanted);
  if (small.length === 0) return ok(seen, needed);
  const remedy = small.map(({ name }) => `ip link set dev ${name} mtu ${Math.max(jumboMtu, wanted)}`).join(' && ');
  // Detectors do not fragment, simulators on other machines do; what has come through is proof.
  if (service !== null && service.acceptedPackets > 0)
    return warning(`${seen}, and packets come in fragments`, needed, remedy);
  return losing(seen, needed, remedy);
}

function ports({ setup, service, ports: tried }: Facts): Verdict | NotChecked {
  if (setup === null) return notChecked('needs CONFIG NAME');
  if (tried === null)
    return notChecked(service === null ? 'ports were not tried' : 'the service itself holds its ports');
  // An address that is not here is another check's business.
  const there = tried.filter(({ error }) => error !== 'EADDRNOTAVAIL');
  const taken = there.filter(({ error }) => error !== null);
  if (there.length === 0) return notChecked('the addresses cannot be bound');
  const needed = 'ports that no other process has';
  const first = taken[0];
  if (first === undefined) return ok(`free: ${there.map(({ port }) => port).join(', ')}`, needed);
  const seen = taken
    .map(({ key, host, port, error }) => `${key} ${port} on ${host}: ${error === 'EADDRINUSE' ? 'taken' : error}`)
    .join('; ');
  if (first.error === 'EACCES')
    return failed(seen, 'ports that this user may have', `ports from 1024 in the configuration (${first.key})`);
  const command = `ss -${first.key === 'udp_ports' ? 'u' : 't'}lpn 'sport = :${first.port}'`;
  return failed(seen, needed, `${command} names the program that has it; end that, or change ${first.key}`);
}

function cardRing({ cards }: Facts): Verdict | NotChecked {
  if (typeof cards === 'string') return notChecked(cards);
  const known = cards.flatMap(({ name, receiveRing }) => (receiveRing === null ? [] : [{ name, ...receiveRing }]));
  if (known.length === 0) return notChecked(`${namesOf(cards)} does not tell its ring`);
  const seen = known.map(({ name, now, most }) => `${name}: ${now} receive descriptors of ${most}`).join(', ');
  const needed = [...new Set(known.map(({ most }) => most))].join(', ');
  const small = known.filter(({ now, most }) => now < most);
  if (small.length === 0) return ok(seen, needed);
  return warning(
    seen,
    `${needed}, the most that this card has`,
    small.map(({ name, most }) => `ethtool -G ${name} rx ${most}`).join(' && '),
  );
}

function cardPause({ cards }: Facts): Verdict | NotChecked {
  if (typeof cards === 'string') return notChecked(cards);
  const known = cards.filter(({ sendsPause }) => sendsPause !== null);
  if (known.length === 0) return notChecked(`${namesOf(cards)} does not tell its pause frames`);
  const needed = 'pause frames sent, so that the switch waits when the ring is full';
  const seen = known
    .map(({ name, sendsPause }) => `${name}: sends ${sendsPause === true ? '' : 'no '}pause frames`)
    .join(', ');
  const silent = known.filter(({ sendsPause }) => sendsPause === false);
  return silent.length === 0
    ? ok(seen, needed)
    : warning(seen, needed, silent.map(({ name }) => `ethtool -A ${name} tx on`).join(' && '));
}

const namesOf = (cards: readonly CardFacts[]): string => cards.map(({ name }) => name).join(', ');

function consumer({ setup, service }: Facts): Verdict | NotChecked {
  if (setup === null || service === null) return notChecked('only a running service knows (--url)');
  const { consumerConnections, dataPorts } = setup.config;
  const wanted = consumerConnections * dataPorts.length;
  const { consumers, unserved } = service;
  const lacking = dataPorts.length > 1 && unserved.length > 0 ? `, none to ${unserved.join(', ')}` : '';
  const seen = `${consumers} connected${lacking}`;
  if (consumers === wanted && lacking === '') return ok(seen, `${wanted}`);
  if (consumers > wanted)
    return warning(
      seen,
      `${wanted}: zmq shares the images out among all`,
      `ss -tnp '${dataPorts.map((port) => `sport = :${port}`).join(' or ')}' names them; stop the stranger, or set ` +
        'consumer_connections',
    );
  return warning(
    seen,
    `${wanted} before a series is opened`,
    'start the consumer (streaming-receiver, or vdcu watch ENDPOINT)',
  );
}

type Granted = BufferFacts & { readonly grantedBytes: number };

function smallestOf(buffers: readonly BufferFacts[]): Granted | null {
  const known = buffers.filter((buffer): buffer is Granted => buffer.grantedBytes !== null);
  return known.length === 0
    ? null
    : known.reduce((least, buffer) => (buffer.grantedBytes < least.grantedBytes ? buffer : least));
}

const sysctl = (name: string, value: number): string => `sysctl -w net.core.${name}=${value}`;

const named = ({ key, address: text }: AddressFacts): string => `${key} ${text}`;

/** Three significant digits. */
const rounded = (value: number): string =>
  value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
