// What happened to each frame, told from a recording of the flight recorder: which packets came on each port, in which
// order, of which class, and which never came. Data only; the words are in text.ts.
// Tested by test/pipeline/flight.test.ts.

import { packetClassTable } from '../contract/packet-classes.js';
import { heldClass } from './pcap.js';
import type { FlightClass, FlightPacket } from './pcap.js';
import { isoTime, isTrusted, numbersOf, reportClasses } from './report.js';
import type { ClassReport } from './report.js';

/** Its class, or `reordered`: accepted after a later one. */
export type PacketEventKind = FlightClass | 'reordered';

/** A packet that did not simply come in order, and was not simply accepted. Packet numbers are those on the wire. */
export interface PacketEvent {
  readonly packet_number: number;
  readonly what: PacketEventKind;
  readonly at: string;
  /** Since the first packet of the frame on this port, in ms. */
  readonly after_ms: number;
  /** The latest packet of this port that was accepted before; null = none. */
  readonly behind: { readonly frame_number: number; readonly packet_number: number } | null;
}

/** One port's part in one frame. */
export interface PortStory {
  readonly udp_port: number;
  readonly accepted: number;
  readonly expected: number;
  /** Packets that were not accepted and did not come in another class: lost on the way, or by the kernel. */
  readonly never_came: readonly number[];
  /** Null = no packet came. */
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly events: readonly PacketEvent[];
  /** The port's recording begins or ends within this frame: what is missing may lie outside of it. */
  readonly cut: 'begins' | 'ends' | null;
}

/** One frame, or several neighbours that were complete, or of which nothing was accepted. */
export interface FrameStory {
  readonly first_frame_number: number;
  readonly last_frame_number: number;
  /** `complete`: on every port all packets came, in order. `absent`: no packet was accepted on any port. */
  readonly what: 'complete' | 'absent' | 'told';
  /** Where `told`: every port that is recorded at that time. */
  readonly ports: readonly PortStory[];
}

/** A recording, told. */
export interface FlightStory {
  readonly packets: number;
  readonly first_at: string | null;
  readonly last_at: string | null;
  /** By port: the numbers that its packets have, and what came of each class. */
  readonly ports: readonly {
    readonly udp_port: number;
    readonly packet_numbers: readonly [number, number] | null;
    readonly classes: readonly ClassReport[];
  }[];
  /** Frames in order; a list for each time that frame numbers began anew. */
  readonly runs: readonly (readonly FrameStory[])[];
}

interface Part {
  readonly accepted: Set<number>;
  readonly seen: Set<number>;
  readonly events: PacketEvent[];
  readonly firstMs: number;
  lastMs: number;
}

interface PortRun {
  /** By frame number. */
  readonly parts: Map<number, Part>;
  lowest: number;
  highest: number;
  /** The latest that was accepted. */
  behind: { frame_number: number; packet_number: number } | null;
  readonly firstFrame: number;
}

/** @param packets in the order of a recording's file */
export function tellFlight(packets: readonly FlightPacket[]): FlightStory {
  const udpPorts = [...new Set(packets.map(({ udpPort }) => udpPort))].sort((a, b) => a - b);
  const ranges = new Map(udpPorts.map((udpPort) => [udpPort, packetNumbers(packets, udpPort)]));
  const runs = splitRuns(packets);
  const times = packets.map(({ timeMs }) => timeMs);
  return {
    packets: packets.length,
    first_at: times.length === 0 ? null : isoTime(times.reduce((least, time) => Math.min(least, time))),
    last_at: times.length === 0 ? null : isoTime(times.reduce((most, time) => Math.max(most, time))),
    ports: udpPorts.map((udp_port) => ({
      udp_port,
      packet_numbers: ranges.get(udp_port) ?? null,
      classes: reportClasses(packets.filter(({ udpPort }) => udpPort === udp_port)),
    })),
    runs: runs.map((ports) => tellRun(ports, ranges)),
  };
}

/** More packets than any port image has; such a number is of a file that was damaged, and would make a list as long. */
const packetNumberLimit = 4096;

/** Least and largest packet number that was accepted on a port. */
function packetNumbers(packets: readonly FlightPacket[], udpPort: number): readonly [number, number] | null {
  let range: [number, number] | null = null;
  for (const packet of packets) {
    if (packet.udpPort !== udpPort || packet.class !== 'accepted') continue;
    const { packetNumber } = numbersOf(packet);
    if (packetNumber >= packetNumberLimit) continue;
    range =
      range === null
        ? [packetNumber, packetNumber]
        : [Math.min(range[0], packetNumber), Math.max(range[1], packetNumber)];
  }
  return range;
}

/**
 * Packets by port and frame; a packet that is accepted a second time begins a new run: another series has the same
 * frame numbers.
 */
function splitRuns(packets: readonly FlightPacket[]): Map<number, PortRun>[] {
  const runs: Map<number, PortRun>[] = [];
  let run: Map<number, PortRun> | null = null;
  for (const packet of packets) {
    if (isOutside(packet.class) || !isTrusted(packet)) continue;
    const { frameNumber, packetNumber } = numbersOf(packet);
    const accepted = packet.class === 'accepted';
    if (
      run === null ||
      (accepted && run.get(packet.udpPort)?.parts.get(frameNumber)?.accepted.has(packetNumber) === true)
    ) {
      run = new Map();
      runs.push(run);
    }
    note(run, packet, frameNumber, packetNumber);
  }
  return runs;
}

function note(run: Map<number, PortRun>, packet: FlightPacket, frameNumber: number, packetNumber: number): void {
  let port = run.get(packet.udpPort);
  if (port === undefined) {
    port = { parts: new Map(), lowest: Infinity, highest: -Infinity, behind: null, firstFrame: frameNumber };
    run.set(packet.udpPort, port);
  }
  let part = port.parts.get(frameNumber);
  if (part === undefined) {
    part = { accepted: new Set(), seen: new Set(), events: [], firstMs: packet.timeMs, lastMs: packet.timeMs };
    port.parts.set(frameNumber, part);
  }
  part.seen.add(packetNumber);
  part.lastMs = packet.timeMs;
  const { behind } = port;
  const event = (what: PacketEventKind): void => {
    part.events.push({
      packet_number: packetNumber,
      what,
      at: isoTime(packet.timeMs),
      after_ms: round(packet.timeMs - part.firstMs),
      behind,
    });
  };
  if (packet.class !== 'accepted') event(packet.class);
  if (packet.class === 'accepted' || packet.class === 'ring_full') {
    port.lowest = Math.min(port.lowest, frameNumber);
    port.highest = Math.max(port.highest, frameNumber);
  }
  if (packet.class !== 'accepted') return;
  part.accepted.add(packetNumber);
  if (
    behind !== null &&
    (frameNumber < behind.frame_number || (frameNumber === behind.frame_number && packetNumber < behind.packet_number))
  )
    event('reordered');
  else port.behind = { frame_number: frameNumber, packet_number: packetNumber };
}

function tellRun(
  ports: Map<number, PortRun>,
  ranges: ReadonlyMap<number, readonly [number, number] | null>,
): FrameStory[] {
  const numbers = [...new Set([...ports.values()].flatMap(({ parts }) => [...parts.keys()]))].sort((a, b) => a - b);
  const lowest = Math.min(...[...ports.values()].map((port) => port.lowest));
  const stories: FrameStory[] = [];
  let expectedNext = Infinity;
  for (const frameNumber of numbers) {
    if (frameNumber > expectedNext)
      stories.push({ first_frame_number: expectedNext, last_frame_number: frameNumber - 1, what: 'absent', ports: [] });
    if (frameNumber >= lowest) expectedNext = frameNumber + 1;
    const told = [...ports]
      .sort(([a], [b]) => a - b)
      .flatMap(([udpPort, port]) => tellPort(udpPort, port, frameNumber, ranges.get(udpPort) ?? null) ?? []);
    const before = stories.at(-1);
    if (told.some((story) => story.accepted < story.expected || story.events.length > 0)) {
      stories.push({ first_frame_number: frameNumber, last_frame_number: frameNumber, what: 'told', ports: told });
    } else if (before?.what === 'complete' && before.last_frame_number === frameNumber - 1) {
      stories[stories.length - 1] = { ...before, last_frame_number: frameNumber };
    } else {
      stories.push({ first_frame_number: frameNumber, last_frame_number: frameNumber, what: 'complete', ports: [] });
    }
  }
  return stories;
}

/** Null = the port's recording begins after this frame, or ends before it. */
function tellPort(
  udpPort: number,
  port: PortRun,
  frameNumber: number,
  range: readonly [number, number] | null,
): PortStory | null {
  const part = port.parts.get(frameNumber);
  if (part === undefined && (frameNumber < port.lowest || frameNumber > port.highest)) return null;
  const all = range === null ? [] : Array.from({ length: range[1] - range[0] + 1 }, (_, index) => range[0] + index);
  return {
    udp_port: udpPort,
    accepted: part?.accepted.size ?? 0,
    expected: all.length,
    never_came: all.filter((packet) => part?.seen.has(packet) !== true),
    first_at: part === undefined ? null : isoTime(part.firstMs),
    last_at: part === undefined ? null : isoTime(part.lastMs),
    events: part?.events ?? [],
    cut:
      frameNumber <= port.lowest || frameNumber === port.firstFrame
        ? 'begins'
        : frameNumber >= port.highest
          ? 'ends'
          : null,
  };
}

/** Is this a class that belongs to no frame? */
export function isOutside(name: FlightClass): boolean {
  return name === heldClass || !packetClassTable[name].inFrame;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
