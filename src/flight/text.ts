// The story of a recording (flight/story.ts) in words: a line for each run of complete frames, and for each other frame
// a line per port.
// Tested by test/commands/explain.test.ts.

import { packetClassTable } from '../contract/packet-classes.js';
import type { PacketClass } from '../contract/packet-classes.js';
import { isOutside } from './story.js';
import type { FlightStory, FrameStory, PacketEvent, PortStory } from './story.js';

/** Packets, or runs of them, that are told one by one for a port of a frame; more are counted. */
const eventsTold = 8;

/** What is told of a packet besides its class. */
const besides: Readonly<Record<string, string>> = {
  held: 'held: its class was not known yet',
  reordered: 'came after a later one',
};

/**
 * What a class means, said of one packet. A file may have been made by a newer version: the name stands for itself
 * then.
 */
const meaningOf = (name: string): string =>
  name in packetClassTable ? packetClassTable[name as PacketClass].says : (besides[name] ?? name);

/** The story as lines of text: what happened in short, then frame by frame. */
export function flightText(file: string, story: FlightStory): string {
  if (story.packets === 0) return `${file}: no packet was recorded`;
  const lines = [`${file}: ${packets(story.packets)} from ${story.first_at} to ${story.last_at}`, ...inShort(story)];
  for (const { udp_port: port, packet_numbers: numbers, classes } of story.ports) {
    const images =
      numbers === null ? 'no packet was accepted' : `port images of packets ${numbers[0]} to ${numbers[1]}`;
    lines.push(`port ${port}: ${images}; ${classes.map(({ class: name, count }) => `${name} ${count}`).join(', ')}`);
  }
  for (const [index, run] of story.runs.entries()) {
    if (index > 0) lines.push('frame numbers begin anew:');
    lines.push(...run.flatMap(frameLines));
  }
  for (const { udp_port: port, classes } of story.ports) {
    for (const {
      class: name,
      count,
      first_at: first,
      last_at: last,
      first_frame_number: from,
      last_frame_number: to,
    } of classes) {
      if (!isOutside(name)) continue;
      const frames =
        from === null
          ? ''
          : `, ${from === to ? `frame ${from}` : `the first of frame ${from}, the last of frame ${to}`}`;
      lines.push(
        `port ${port}: ${packets(count)} ${meaningOf(name)} (${name}), ` +
          `${count === 1 ? `at ${timeOfDay(first)}` : `from ${timeOfDay(first)} to ${timeOfDay(last)}`}${frames}`,
      );
    }
  }
  return lines.join('\n');
}

/** What to do about the packets of frames that were not simply accepted. */
const advice: Readonly<Record<string, string>> = {
  never_came: 'lost by the kernel (the ledger says socket) or on the way (unexplained)',
  late_first: packetClassTable.late_first.remedy,
  ring_full: packetClassTable.ring_full.remedy,
  duplicate: 'no loss',
  reordered: 'no loss',
};

/** How many frames are whole, and what became of the others' packets: what costs data first. */
function inShort({ runs }: FlightStory): string[] {
  const frames = runs.flat();
  const length = ({ first_frame_number: first, last_frame_number: last }: FrameStory): number => last - first + 1;
  const sum = (some: readonly FrameStory[]): number => some.reduce((total, frame) => total + length(frame), 0);
  const isWhole = ({ what, ports }: FrameStory): boolean =>
    what === 'complete' || (what === 'told' && ports.every((port) => port.accepted === port.expected));
  const found = new Map<string, { packets: number; frames: Set<number> }>();
  const count = (what: string, frame: number, number: number): void => {
    const known = found.get(what) ?? { packets: 0, frames: new Set() };
    found.set(what, { packets: known.packets + number, frames: known.frames.add(frame) });
  };
  for (const { first_frame_number: frame, ports } of frames) {
    for (const { never_came: never, events, cut } of ports) {
      if (never.length > 0) count(cut === null ? 'never_came' : 'cut_off', frame, never.length);
      for (const { what } of events) count(what, frame, 1);
    }
  }
  const order = ['never_came', 'late_first', 'ring_full', 'cut_off'];
  const rank = (what: string): number => (order.includes(what) ? order.indexOf(what) : order.length);
  const lines = [...found]
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([what, { packets: number, frames: numbers }]) => {
      const said =
        what === 'never_came'
          ? 'never came'
          : what === 'cut_off'
            ? 'may lie outside of the recording'
            : `${plural(meaningOf(what), number)} (${what})`;
      return (
        `  ${packets(number)} ${said}, of ${numbers.size === 1 ? 'frame' : 'frames'} ` +
        `${shortRanges([...numbers])}${advice[what] === undefined ? '' : `: ${advice[what]}`}`
      );
    });
  const absent = frames.filter(({ what }) => what === 'absent');
  if (absent.length > 0)
    lines.unshift(`  ${sum(absent)} ${sum(absent) === 1 ? 'frame' : 'frames'} of which no packet was accepted`);
  return [
    `in short: ${sum(frames.filter(isWhole))} of ${sum(frames)} frames ` +
      `complete${lines.length > 0 ? '' : ', all in order'}`,
    ...lines,
  ];
}

function frameLines({ first_frame_number: first, last_frame_number: last, what, ports }: FrameStory): string[] {
  const name = first === last ? `frame ${first}` : `frames ${first} to ${last}`;
  if (what === 'complete') return [`${name}: complete, in order`];
  if (what === 'absent') return [`${name}: no packet was accepted on any port`];
  return [`${name}:`, ...ports.map((port) => `  port ${port.udp_port}: ${portText(port)}`)];
}

function portText(story: PortStory): string {
  const { accepted, expected, first_at: first, never_came: never, events, cut } = story;
  if (first === null) return 'no packet came';
  const parts = [accepted === expected ? `all ${expected} packets` : `${accepted} of ${expected} packets`];
  if (never.length > 0)
    parts.push(
      `never came: ${numberRanges(never)}${cut === null ? '' : ` (the recording ${cut} here: they may lie outside)`}`,
    );
  const groups = grouped(events);
  parts.push(...groups.slice(0, eventsTold).map(groupText));
  const more = groups.slice(eventsTold).flat();
  if (more.length > 0)
    parts.push(`and ${more.length} more that were ${[...new Set(more.map(({ what }) => what))].join(', ')}`);
  if (events.length === 0) parts.push(accepted === expected ? 'in order' : 'the others in order');
  return `${parts.join('; ')}. First at ${timeOfDay(first)}`;
}

/** Neighbours of which the same can be said. */
function grouped(events: readonly PacketEvent[]): PacketEvent[][] {
  const groups: PacketEvent[][] = [];
  for (const event of events) {
    const before = groups.at(-1)?.at(-1);
    if (before !== undefined && before.what === event.what && before.packet_number === event.packet_number - 1)
      groups.at(-1)?.push(event);
    else groups.push([event]);
  }
  return groups;
}

function groupText(group: readonly PacketEvent[]): string {
  const first = group[0];
  const last = group.at(-1) as PacketEvent;
  const place =
    first.behind === null ? '' : `, behind packet ${first.behind.packet_number} of frame ${first.behind.frame_number}`;
  const meaning = plural(meaningOf(first.what), group.length);
  if (group.length === 1)
    return `packet ${first.packet_number} ${meaning} (${first.what}) after ${first.after_ms} ms${place}`;
  const after = first.after_ms === last.after_ms ? `${first.after_ms} ms` : `${first.after_ms} to ${last.after_ms} ms`;
  return `packets ${first.packet_number}-${last.packet_number} ${meaning} (${first.what}) after ${after}${place}`;
}

const plural = (meaning: string, count: number): string =>
  count === 1
    ? meaning
    : meaning.replace(' its ', ' their ').replace(' image ', ' images ').replace(' was closed', ' were closed');

/** `2026-01-01T12:00:00.123456Z` → `12:00:00.123456`: the first line has the day. */
const timeOfDay = (iso: string): string => iso.slice(11, -1);

/** No more than six ranges. */
function shortRanges(numbers: readonly number[]): string {
  const ranges = numberRanges([...numbers].sort((a, b) => a - b)).split(', ');
  return ranges.length <= 6 ? ranges.join(', ') : `${ranges.slice(0, 5).join(', ')} and others`;
}

/** `3, 17-20`. */
function numberRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

function packets(count: number): string {
  return count === 1 ? '1 packet' : `${count} packets`;
}
