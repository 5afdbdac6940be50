// The story of a recording (flight-story.ts) in words: a line for each run of complete frames, and for each other frame a line per
// port. `vdcu explain` prints it.

import { isOutside } from './flight-story.js';
import type { FlightStory, FrameStory, PacketEvent, PortStory } from './flight-story.js';

/** Packets that are told one by one for a port of a frame; more are counted. */
const eventsTold = 8;

/** What each class means, said of one packet. */
const meanings: Readonly<Record<string, string>> = {
  held: 'held: its class was not known yet',
  accepted: 'accepted',
  duplicate: 'came again',
  header_packet: 'header packets of old firmware',
  ring_full: 'refused, the ring was full',
  late_first: 'came after its image was closed',
  late_duplicate: 'came again after its image was closed',
  late_unknown: 'came when its frame had left the ring',
  malformed_size: 'of a wrong size',
  malformed_version: 'of a wrong header version',
  malformed_detector_type: 'of another detector type',
  malformed_packet_number: 'with a packet number that the image does not have',
  malformed_position: 'with a row and column that are not this port\'s',
  malformed_frame_number: 'with a frame number that cannot be',
  foreign_source: 'from another source than udp_source',
  foreign_unarmed: 'while no series was open',
  foreign_series: 'of frames outside the series',
  reordered: 'came after a later one',
};

/** The story as lines of text. */
export function flightText(file: string, story: FlightStory): string {
  if (story.packets === 0) return `${file}: no packet was recorded`;
  const lines = [`${file}: ${packets(story.packets)} from ${story.first_at} to ${story.last_at}`];
  for (const { udp_port: port, packet_numbers: numbers, classes } of story.ports) {
    const images = numbers === null ? 'no packet was accepted' : `port images of packets ${numbers[0]} to ${numbers[1]}`;
    lines.push(`port ${port}: ${images}; ${classes.map(({ class: name, count }) => `${name} ${count}`).join(', ')}`);
  }
  for (const [index, run] of story.runs.entries()) {
    if (index > 0) lines.push('frame numbers begin anew:');
    lines.push(...run.flatMap(frameLines));
  }
  for (const { udp_port: port, classes } of story.ports) {
    for (const { class: name, count, first_at: first, last_at: last, first_frame_number: from, last_frame_number: to } of classes) {
      if (!isOutside(name)) continue;
      const frames = from === null ? '' : `, ${from === to ? `frame ${from}` : `the first of frame ${from}, the last of frame ${to}`}`;
      lines.push(`port ${port}: ${packets(count)} ${meanings[name] ?? name} (${name}), ${count === 1 ? `at ${first}` : `from ${first} to ${last}`}${frames}`);
    }
  }
  return lines.join('\n');
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
  if (never.length > 0) parts.push(`never came: ${numberRanges(never)}${cut === null ? '' : ` (the recording ${cut} here: they may lie outside)`}`);
  parts.push(...events.slice(0, eventsTold).map(eventText));
  if (events.length > eventsTold) parts.push(`and ${events.length - eventsTold} more that were ${[...new Set(events.slice(eventsTold).map(({ what }) => what))].join(', ')}`);
  if (events.length === 0) parts.push('in order');
  return `${parts.join('; ')}. First at ${first}`;
}

function eventText({ packet_number: number, what, after_ms: after, behind }: PacketEvent): string {
  const place = behind === null ? '' : `, behind packet ${behind.packet_number} of frame ${behind.frame_number}`;
  return `packet ${number} ${meanings[what] ?? what} (${what}) after ${after} ms${place}`;
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
