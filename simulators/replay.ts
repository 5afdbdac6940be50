// `vdcu simulate --pcap`: a capture sent again, paced onto the network, and its ground truth at the end. `runReplay` is
// the command, `replay` the same without a terminal.

import { systemClock } from '../src/base/clock.js';
import { exitCode, OperatorError } from '../src/base/errors.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { sendPaced } from './detector/pace.js';
import type { PaceReport } from './detector/pace.js';
import { openPcapSource, parsePortMap, parseTiming } from './files/pcap-source.js';
import type { PcapSource, ReplayTiming } from './files/pcap-source.js';
import { refusedText } from './detector/refused.js';
import { openDestinations } from './detector/round-robin.js';
import { formatTable, ProgressLine } from './terminal.js';
import type { CommandOutput } from './terminal.js';
import { openUdpSender } from './detector/udp-sender.js';

export interface ReplayOptions {
  readonly settings: DetectorSettings;
  /** The capture. */
  readonly pcap: string;
  /** In the syntax of docs/simulator.md; default original. */
  readonly timing?: string;
  readonly mapPort?: string;
  /** Where the service listens; a wildcard address means this machine. A list: one for each port of `settings`. */
  readonly udpHost: string | readonly string[];
  readonly sourcePort?: number | null;
  /** Ends the replay after the datagrams being sent. */
  readonly signal: AbortSignal;
  readonly onProgress?: (report: PaceReport) => void;
}

export interface ReplayResult {
  readonly source: PcapSource;
  readonly timing: ReplayTiming;
  readonly pace: PaceReport;
  readonly sendErrors: number;
  readonly lastSendError: string | null;
}

/**
 * Send a whole capture.
 * @throws OperatorError for impossible options, a file that is no capture, or one without a datagram for the ports
 * (usage); for an unreachable address (environment)
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { settings, pcap, signal } = options;
  const timing = parseTiming(options.timing ?? 'original');
  const ports = options.mapPort === undefined ? new Map<number, number>() : parsePortMap(options.mapPort, settings);
  const source = openPcapSource(pcap, { settings, timing, ports });
  const { udpHost, sourcePort = null } = options;
  const { sender } = await openDestinations(
    { udpHost, udpPorts: settings.udpPorts, sourcePort, firstFrame: 1 },
    async (host) => ({ sender: await openUdpSender(host, sourcePort) }),
  );
  const stop = (): void => {
    source.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const pace = await sendPaced(source.datagrams(), sender, {
      clock: systemClock,
      signal,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    if (pace.datagrams === 0 && !signal.aborted) refuseEmpty(pcap, source, settings);
    return { source, timing, pace, sendErrors: sender.errors, lastSendError: sender.lastError };
  } finally {
    signal.removeEventListener('abort', stop);
    await sender.close();
  }
}

function refuseEmpty(pcap: string, { notSent, damage }: PcapSource, { udpPorts }: DetectorSettings): never {
  const seen = [...notSent.ports.keys()].sort((a, b) => a - b);
  const counted =
    `${notSent.fragment} fragments of datagrams that are not whole, ${notSent.cut} datagrams cut off by the capture, ` +
    `${notSent.other} records of other traffic`;
  const what =
    seen.length > 0
      ? `has datagrams for port ${seen.slice(0, 8).join(', ')}`
      : `has no whole UDP datagram (${counted})`;
  const remedy =
    seen.length > 0
      ? `Map them: --map-port ${seen[0]}:${udpPorts[0]},…`
      : notSent.cut > 0
        ? 'Capture whole packets: tcpdump -s 0'
        : notSent.fragment > 0
          ? 'Capture every fragment: filter by host, not by port, which only the first fragment has'
          : "Capture where the detector's packets pass: tcpdump -s 0 -i INTERFACE -w FILE udp";
  const wanted = `${udpPorts.slice(0, 8).join(', ')}${udpPorts.length > 8 ? ', …' : ''}`;
  throw new OperatorError(
    `${pcap}: ${what}, none for udp_ports ${wanted}. ${remedy}${damage === null ? '' : `\n${damage}`}`,
    exitCode.usage,
  );
}

export interface RunReplayOptions extends Omit<ReplayOptions, 'onProgress'> {
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/**
 * The command.
 * @returns its exit code: ok; failed when the capture is cut off or damaged, and what came before was sent; environment
 * when datagrams could not be sent
 */
export async function runReplay(options: RunReplayOptions): Promise<number> {
  const progress = new ProgressLine(options.out);
  let result: ReplayResult;
  try {
    result = await replay({
      ...options,
      onProgress: ({ frames, elapsedMs, bytes, datagrams }) => {
        const seconds = elapsedMs / 1000;
        progress.show(
          `frame ${frames}  ${(frames / seconds).toFixed(0)} frames/s  ${(datagrams / seconds).toFixed(0)} ` +
            `packets/s  ${(bytes / seconds / 1e6).toFixed(1)} MB/s`,
        );
      },
    });
  } finally {
    progress.end();
  }
  if (options.json === true) options.out.stdout.write(`${JSON.stringify(replayToJson(result))}\n`);
  else options.out.stdout.write(describeReplay(result));
  const { damage } = result.source;
  if (damage !== null) options.out.stderr.write(`${damage}. What came before was sent\n`);
  if (result.sendErrors > 0) {
    options.out.stderr.write(refusedText(result.sendErrors, result.lastSendError));
    return exitCode.environment;
  }
  return damage === null ? exitCode.ok : exitCode.failed;
}

/** Ground truth and pace as they leave the process. */
function replayToJson({ source, timing, pace, sendErrors }: ReplayResult): Record<string, unknown> {
  const { notSent } = source;
  return {
    timing: timing.kind,
    ...(timing.kind === 'original' ? { factor: timing.factor } : {}),
    ...(timing.kind === 'rate' ? { rate_asked: timing.framesPerSecond } : {}),
    frames: source.frames,
    elapsed_ms: pace.elapsedMs,
    captured_ms: source.capturedMs,
    worst_late_ms: timing.kind === 'asap' ? null : pace.worstLateMs,
    bytes_sent: pace.bytes,
    send_errors: sendErrors,
    ports: source.truth.toJson(),
    coalesced: source.coalesced,
    oversized: source.oversized,
    damage: source.damage,
    not_sent: {
      other: notSent.other,
      fragments: notSent.fragment,
      cut: notSent.cut,
      ports: Object.fromEntries(notSent.ports),
    },
  };
}

function describeReplay({ source, pace }: ReplayResult): string {
  const { notSent } = source;
  const head = [
    'port',
    'frames',
    'first',
    'last',
    'sent',
    'intact',
    'lost',
    'duplicated',
    'wrong size',
    'foreign',
    'wrong number',
    'out of order',
  ];
  const rows = source.truth.ports.map((port) => [
    String(port.udpPort),
    port.frames,
    port.firstFrame ?? '-',
    port.lastFrame ?? '-',
    port.sent,
    port.intact,
    port.lost,
    port.duplicated,
    port.wrongSize,
    port.foreignDetectorType + port.foreignVersion,
    port.wrongNumber,
    port.outOfOrder,
  ]);
  const lines = [
    `sent ${pace.datagrams} datagrams of ${source.frames} frames in ${(pace.elapsedMs / 1000).toFixed(2)} s, ` +
      `captured within ${(source.capturedMs / 1000).toFixed(2)} s`,
    formatTable([head, ...rows]),
  ];
  for (const [port, count] of notSent.ports)
    lines.push(`not sent: ${count} datagrams for port ${port}, which the configuration does not have (--map-port)`);
  if (source.coalesced > 0)
    lines.push(
      `${source.coalesced} captured buffers held several datagrams, which kernel or card had taken together; they ` +
        'were sent apart',
    );
  if (source.oversized > 0) {
    lines.push(
      `${source.oversized} datagrams are longer than the ${source.truth.format.datagramBytes} bytes that this ` +
        'configuration gives and were sent as they are: another detector or setting, or taken together before they ' +
        'were captured (ethtool -K INTERFACE gro off)',
    );
  }
  if (notSent.fragment > 0)
    lines.push(
      `not sent: ${notSent.fragment} IP fragments of datagrams of which the capture lacks others (filter by host, ` +
        'not by port, which only the first has)',
    );
  if (notSent.cut > 0)
    lines.push(`not sent: ${notSent.cut} datagrams that were not captured to their end (tcpdump -s 0)`);
  if (notSent.other > 0) lines.push(`not sent: ${notSent.other} records of other traffic`);
  return `${lines.join('\n')}\n`;
}
