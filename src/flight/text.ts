// The story of a recording (flight/story.ts) in words: a line for each run of complete frames, and for each other frame
// a line per port.
// Tested by test/commands/explain.test.ts.

import { packetClassTable } from '../contract/packet-classes.js';
import { isOutside } from './story.js';
import type { FlightStory, FrameStory, PacketEvent, PacketEventKind, PortStory } from './story.js';

/** Packets, or runs of them, that are told one by one for a port of a frame; more are counted. */
const eventsTold = 8;

/** What is told of a packet besides its class. */
const besides = {
  held: { says: 'held: its class was not known yet', remedy: '' },
  reordered: { says: 'came after a later one', remedy: '' },
} as const;
const rows = { ...packetClassTable, ...besides };

/** What a class means, said of one packet. */
const meaningOf = (name: PacketEventKind): string => rows[name].says;

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

/** What became of a packet of a frame; `unseen`: it may have come before or after what is recorded. */
type Fate = PacketEventKind | 'never_came' | 'unseen';

/** Fates that cost data, the gravest first. */
const costly: readonly Fate[] = ['never_came', 'late_first', 'ring_full', 'late_unknown', 'unseen'];

/** What so many packets of one fate did, and what to do about it. */
function told(fate: Fate, number: number): { readonly said: string; readonly advice: string } {
  if (fate === 'never_came')
    return {
      said: 'never came',
      advice: ': lost by the kernel (the ledger says socket) or on the way (unexplained)',
    };
  if (fate === 'unseen') return { said: 'may lie outside of the recording', advice: '' };
  const { remedy } = rows[fate];
  return {
    said: `${plural(meaningOf(fate), number)} (${fate})`,
    advice: `: ${remedy === '' ? 'no loss' : remedy}`,
  };
}

/** How many frames are whole, and what became of the others' packets: what costs data first. */
function inShort({ runs }: FlightStory): string[] {
  const frames = runs.flat();
  const length = ({ first_frame_number: first, last_frame_number: last }: FrameStory): number => last - first + 1;
  const sum = (some: readonly FrameStory[]): number => some.reduce((total, frame) => total + length(frame), 0);
  const isWhole = ({ what, ports }: FrameStory): boolean =>
    what === 'complete' || (what === 'told' && ports.every((port) => port.accepted === port.expected));
  const found = new Map<Fate, { packets: number; frames: Set<number> }>();
  const count = (what: Fate, frame: number, number: number): void => {
    const known = found.get(what) ?? { packets: 0, frames: new Set() };
    found.set(what, { packets: known.packets + number, frames: known.frames.add(frame) });
  };
  for (const { first_frame_number: frame, ports } of frames) {
    for (const { never_came: never, events, cut } of ports) {
      if (never.length > 0) count(cut === null ? 'never_came' : 'unseen', frame, never.length);
      for (const { what } of events) count(what, frame, 1);
    }
  }
  const rank = (what: Fate): number => (costly.includes(what) ? costly.indexOf(what) : costly.length);
  const lines = [...found]
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([what, { packets: number, frames: numbers }]) => {
      const { said, advice } = told(what, number);
      return (
        `  ${packets(number)} ${said}, of ${numbers.size === 1 ? 'frame' : 'frames'} ` +
        `${shortRanges([...numbers])}${advice}`
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
