// Checks of processors, memory, privileges, our own fast ways and the clock. Pure: facts in, verdict out. None of these
// needs more than the plan's figures, which docs/performance.md explains.

import { mebibyte } from '../base/units.js';
import { plausibleClock } from '../config/message-numbers.js';
import { wayInFacts } from '../config/ways.js';
import { receiverPriority } from '../runtime/realtime.js';
import type { Facts } from './facts.js';
import { certainBytes } from './memory-limit.js';
import { failed, losing, notChecked, ok, warning } from './verdict.js';
import type { Check, NotChecked, Verdict } from './verdict.js';

/** Packets per second and port that node:dgram carries (docs/operating.md#portable-ways). */
const dgramPacketsPerSecond = wayInFacts.dgram.packetsPerSecond;
/** Linux, capability.h. */
const capability = { netAdmin: 12n, sysNice: 23n } as const;

export const machineChecks: readonly Check[] = [
  { check: 'cores', examine: cores },
  { check: 'cpu_limit', examine: cpuLimit },
  {
    check: 'memory',
    examine: (facts) =>
      memory(
        facts,
        heldBytes(facts),
        'free, what the service holds already included',
        'end other programs, or lower ring_frames',
      ),
  },
  {
    check: 'memory_limit',
    examine: (facts) => {
      const limit = facts.memory.limitBytes;
      if (limit === null) return ok('no limit', 'no limit, or room for the whole plan');
      return memory(
        facts,
        limit,
        'limit of the control group',
        (bytes) =>
          `docker update --memory=${inMebibytes(bytes)}m --memory-swap=${inMebibytes(bytes)}m CONTAINER, in ` +
          `Kubernetes resources.limits.memory: ${inMebibytes(bytes)}Mi; or lower ring_frames`,
      );
    },
  },
  { check: 'burst', examine: burst },
  { check: 'capabilities', examine: capabilities },
  { check: 'priority', examine: priority },
  { check: 'recvmmsg', examine: recvmmsg },
  { check: 'compiled_placement', examine: compiledPlacement },
  { check: 'send', examine: send },
  { check: 'clock', examine: clock },
];

function cores({ setup, cores: { available, allowed } }: Facts): Verdict | NotChecked {
  const seen = `${available}${allowed === null ? '' : ` (CPU ${allowed.join(', ')})`}`;
  const outside =
    setup === null || allowed === null ? [] : setup.config.pinCpus.filter((cpu) => !allowed.includes(cpu));
  if (outside.length > 0)
    return warning(
      seen,
      `CPU ${outside.join(', ')}, which pin_cpus names`,
      `pin_cpus: [${(allowed ?? []).join(', ')}] in the configuration, or give the container these CPUs`,
    );
  const rate = setup?.plan.rate ?? null;
  if (setup === null || rate === null) {
    const needed = '2: receiving and sending beside each other';
    return available >= 2 ? ok(seen, needed) : warning(seen, needed, 'give the container or machine more cores');
  }
  const { processors } = rate;
  const threads = setup.plan.threads.receivers + setup.plan.threads.encoders + 3;
  const busy = Number(processors.total.toPrecision(2));
  const needed = `about ${processors.cores}, for ${busy} cores busy in ${threads} threads`;
  if (processors.overloaded.length > 0)
    return warning(
      `${seen}; too much for one core: ${processors.overloaded.join(', ')}`,
      needed,
      `receiver_threads: ${setup.plan.ports.filter(({ off }) => !off).length} in the configuration, or a faster ` +
        'machine (docs/performance.md)',
    );
  return available >= processors.cores
    ? ok(seen, needed)
    : warning(seen, needed, `give the container or machine ${processors.cores} cores`);
}

/** A limit below what runs at once stops all threads of the process for the rest of each period (100 ms). */
function cpuLimit({ setup, cores: { limit } }: Facts): Verdict {
  if (limit === null) return ok('no limit', 'no limit, or whole cores');
  const wanted = Math.max(Math.ceil(limit), setup?.plan.rate?.processors.cores ?? 2);
  const needed =
    `no limit, or ${wanted} whole cores (requests = limits): a limit that is reached stops every thread for up to ` +
    '100 ms';
  const seen = `${Number(limit.toPrecision(4))} cores`;
  if (Number.isInteger(limit) && limit >= wanted) return ok(seen, needed);
  return warning(
    seen,
    needed,
    `docker update --cpus=${wanted} CONTAINER, in Kubernetes resources.requests.cpu and limits.cpu: ${wanted}`,
  );
}

function heldBytes({ memory: { availableBytes, ownBytes } }: Facts): number | null {
  return availableBytes === null ? null : availableBytes + ownBytes;
}

/** Failed when not even what is used for certain has room; a warning when full queues and socket buffers have none. */
function memory(
  { setup, receiveBuffers }: Facts,
  present: number | null,
  what: string,
  remedy: string | ((bytes: number) => string),
): Verdict | NotChecked {
  if (setup === null) return notChecked('needs CONFIG NAME');
  if (present === null) return notChecked('the free memory cannot be read');
  const { plan } = setup;
  const certain = certainBytes(plan);
  // The kernel doubles what it grants; what it did not say is taken as asked for.
  const sockets = plan.ports.filter(({ off }) => !off).length;
  const granted = Math.min(
    plan.receiveBufferBytes.perPort,
    ...receiveBuffers.map(({ grantedBytes }) => grantedBytes ?? Infinity),
  );
  const whole = certain + plan.sendQueue.bytes + 2 * granted * sockets;
  const seen = `${inMebibytes(present)} MiB ${what}`;
  const needed =
    `${inMebibytes(whole)} MiB, ${inMebibytes(certain)} MiB of them for certain (ring ` +
    `${inMebibytes(plan.ring.bytes)} MiB)`;
  const mends = typeof remedy === 'string' ? remedy : remedy(whole);
  if (present < certain) return losing(seen, needed, mends);
  return present < whole ? warning(seen, needed, mends) : ok(seen, needed);
}

/**
 * A detector that keeps frames and sends them all at once: ring and socket must take what the consumer and the receiver
 * do not.
 */
function burst({ setup, receiveBuffers }: Facts): Verdict | NotChecked {
  if (setup === null) return notChecked('needs CONFIG NAME');
  const {
    ring,
    detector,
    receiveBufferBytes: { chargedPerPacket: chargedBytes },
  } = setup.plan;
  if (ring.burstFrames === 1) return ok('this detector sends no bursts', 'a ring and socket buffers that hold a burst');
  const wanted = ring.burstFrames * detector.expectedPackets * chargedBytes;
  const granted = Math.min(Infinity, ...receiveBuffers.map(({ grantedBytes }) => grantedBytes ?? Infinity));
  // The kernel counts what it charges against twice what it granted.
  const held = Number.isFinite(granted) ? Math.floor((2 * granted) / (detector.expectedPackets * chargedBytes)) : null;
  const seen = `ring of ${ring.frames} frames${held === null ? '' : `, socket buffer of ${held}`}`;
  const needed = `a burst of ${ring.burstFrames} frames in each`;
  if (ring.frames < ring.burstFrames)
    return warning(seen, needed, `ring_frames: ${ring.burstFrames} in the configuration`);
  if (held === null || held >= ring.burstFrames) return ok(seen, needed);
  const bytes = Math.ceil(wanted / 2);
  const { receiveBufferBytes } = setup.config;
  const option = receiveBufferBytes < bytes ? `, and receive_buffer_bytes: ${bytes} in the configuration` : '';
  return warning(seen, needed, `sysctl -w net.core.rmem_max=${Math.max(bytes, receiveBufferBytes)}${option}`);
}

function capabilities({ kernel, receiveBuffers }: Facts): Verdict | NotChecked {
  if (kernel.capabilities === null) return notChecked('the capabilities of this process cannot be read');
  const has = (bit: bigint): boolean => (((kernel.capabilities as bigint) >> bit) & 1n) === 1n;
  const said = (bit: bigint): string => (has(bit) ? 'yes' : 'no');
  const seen = `CAP_NET_ADMIN ${said(capability.netAdmin)}, CAP_SYS_NICE ${said(capability.sysNice)}`;
  const needed =
    'CAP_NET_ADMIN where net.core.rmem_max is too low and cannot be raised; CAP_SYS_NICE for the priority of ' +
    'receivers';
  const clamped = receiveBuffers.some(
    ({ requestedBytes, grantedBytes }) => grantedBytes !== null && grantedBytes < requestedBytes,
  );
  if (has(capability.netAdmin) || !clamped) return ok(seen, needed);
  return warning(
    seen,
    needed,
    'docker run --cap-add=NET_ADMIN …, in Kubernetes securityContext.capabilities.add: [NET_ADMIN]; or raise ' +
      'net.core.rmem_max',
  );
}

/** Does whatever else runs here keep sockets from being read? */
function priority({ setup, kernel }: Facts): Verdict | NotChecked {
  if (setup === null) return notChecked('without a configuration the number of receivers is unknown');
  const needed = 'receivers before whatever else runs here, or receiver_priority: normal';
  if (setup.config.receiverPriority === 'normal') return ok('normal, as configured', needed);
  const { priority, lacks } = receiverPriority(setup.plan.threads.receivers, setup.config.pinCpus, kernel.realtime);
  if (lacks === null) return ok('real-time', needed);
  if (priority === 'first') return ok(`first of the ordinary threads: ${lacks.why}`, needed);
  return warning(
    `normal: ${lacks.why}`,
    needed,
    `${lacks.remedy}; receiver_priority: normal where nothing else runs on this machine`,
  );
}

function recvmmsg({ setup, ways }: Facts): Verdict {
  const verdict = way(
    setup?.config.receive,
    'receive',
    'recvmmsg',
    'dgram',
    ways.recvmmsg,
    'npm ci on Linux (x64, arm64)',
  );
  const perSecond = setup?.plan.rate?.perPort.packetsPerSecond ?? 0;
  const portable = setup?.config.receive === 'dgram' || ways.recvmmsg !== null;
  if (verdict.status !== 'ok' || !portable || perSecond <= dgramPacketsPerSecond) return verdict;
  return warning(
    `${verdict.seen}, at ${Math.round(perSecond)} packets/s on each port`,
    `recvmmsg above some ${dgramPacketsPerSecond} packets/s`,
    'receive: auto in the configuration',
  );
}

/** `auto` takes the first of the three that is possible. */
function send({ setup, ways }: Facts): Verdict {
  const asked = setup?.config.send ?? 'auto';
  const remedy = 'npm ci on Linux (x64, arm64)';
  if (ways.zmtp !== null && setup !== null && setup.config.consumerSource.length > 0)
    return failed(
      ways.zmtp,
      'zmtp, which alone looks at the addresses of consumers (consumer_source)',
      `${remedy}, or remove consumer_source and keep others away from the data port with a firewall`,
    );
  if (asked === 'libzmq') return way(asked, 'send', 'libzmq', 'zeromq.js', ways.libzmq, remedy);
  const verdict = way(asked, 'send', 'zmtp', 'zeromq.js', ways.zmtp, remedy);
  return verdict.status === 'warning' && ways.libzmq === null
    ? { ...verdict, seen: `libzmq is used: ${ways.zmtp}` }
    : verdict;
}

/** There is no other way to place packets: the service does not start without the kernel. */
function compiledPlacement({ ways: { compiled } }: Facts): Verdict {
  const needed = 'the compiled kernel: WebAssembly with SIMD and shared memory';
  return compiled === null
    ? ok('the compiled kernel runs', needed)
    : failed(compiled, needed, 'npm run build, on a processor with SSE 4.1 (x64) or any arm64');
}

/** A fast way that is missing costs time; insisted on, it keeps the service from starting. */
function way(
  asked: string | undefined,
  key: string,
  fast: string,
  portable: string,
  missing: string | null,
  remedy: string,
): Verdict {
  const needed = `${fast}, or ${key}: ${portable}`;
  if (asked === portable) return ok(`${portable}, as configured`, needed);
  if (missing === null) return ok(`${fast} is there`, needed);
  return asked === fast
    ? failed(missing, `${fast}, as configured`, `${remedy}, or ${key}: auto in the configuration`)
    : warning(`${portable} is used: ${missing}`, needed, remedy);
}

/**
 * Message numbers begin with the time of the start: a clock that goes back makes them smaller than those a consumer has
 * seen.
 */
function clock({ clock: { wallMs, synchronised } }: Facts): Verdict {
  const kept =
    synchronised === null
      ? 'whether it is synchronised is not known'
      : synchronised
        ? 'synchronised'
        : 'not synchronised';
  const seen = `${new Date(wallMs).toISOString()}, ${kept}`;
  const needed = 'a clock that is synchronised: message numbers begin with it and must not go back';
  if (wallMs < plausibleClock.from || wallMs >= plausibleClock.before)
    return failed(seen, needed, 'timedatectl set-ntp true (or start chronyd)');
  return synchronised === false
    ? warning(seen, needed, 'timedatectl set-ntp true (or start chronyd)')
    : ok(seen, needed);
}

const inMebibytes = (bytes: number): number => Math.ceil(bytes / mebibyte);
