// What a viewer has set, as the part of the address behind #, so that a link shows the same elsewhere. Settings with
// their default are left out; what cannot be read becomes the default. Pure.

import { colourMaps } from './colours.js';
import type { ColourMap } from './colours.js';
import { combinations } from './combine.js';
import type { Combination } from './combine.js';
import type { Place } from './profile.js';
import { scales } from './value-scale.js';
import type { Range, Scale } from './value-scale.js';

export const tools = ['move', 'line', 'rectangle', 'centre'] as const;
/** What dragging on the image does. */
export type Tool = (typeof tools)[number];

/** Two corners of a rectangle, or the ends of a line. */
export interface Span {
  readonly from: Place;
  readonly to: Place;
}

export interface Settings {
  readonly scale: Scale;
  readonly map: ColourMap;
  readonly inverted: boolean;
  /** Null = from the values that are shown. */
  readonly range: Range | null;
  /** Pixel numbers at the edges, and borders of ports. */
  readonly axes: boolean;
  readonly ports: boolean;
  /** Profiles along the row and the column of the cursor. */
  readonly profiles: boolean;
  readonly combination: Combination;
  /** Frames that are combined. */
  readonly frames: number;
  readonly tool: Tool;
  readonly line: Span | null;
  readonly rectangle: Span | null;
  /** Beam centre, and rings around it by their radius in pixels. */
  readonly centre: Place | null;
  readonly rings: readonly number[];
}

export const mostFrames = 100;
const mostRings = 20;

export const usual: Settings = {
  scale: 'linear',
  map: 'viridis',
  inverted: false,
  range: null,
  axes: true,
  ports: false,
  profiles: false,
  combination: 'single',
  frames: 10,
  tool: 'move',
  line: null,
  rectangle: null,
  centre: null,
  rings: [],
};

/** "10,20" with at least and at most so many numbers; null = it is not that. */
export function numbersIn(text: string, least: number, most: number): number[] | null {
  const parts = text.split(',').map((part) => part.trim());
  const numbers = parts.map(Number);
  const all = parts.every((part) => part !== '') && numbers.every((number) => Number.isFinite(number));
  return all && numbers.length >= least && numbers.length <= most ? numbers : null;
}

function placeIn(text: string): Place | null {
  const numbers = numbersIn(text, 2, 2);
  return numbers === null ? null : { row: numbers[0], column: numbers[1] };
}

/** "row,column,row,column" of whole pixels. */
export function spanIn(text: string): Span | null {
  const numbers = numbersIn(text, 4, 4);
  if (numbers === null || !numbers.every((number) => Number.isInteger(number) && number >= 0)) return null;
  const [row, column, toRow, toColumn] = numbers;
  return { from: { row, column }, to: { row: toRow, column: toColumn } };
}

export const spanText = ({ from, to }: Span): string => [from.row, from.column, to.row, to.column].join(',');

/** Radii above 0, ascending; null = these are none. */
export function ringsIn(text: string): number[] | null {
  if (text.trim() === '') return [];
  const numbers = numbersIn(text, 1, mostRings);
  return numbers?.every((radius) => radius > 0) === true ? numbers.sort((one, other) => one - other) : null;
}

function rangeIn(text: string): Range | null {
  const numbers = numbersIn(text, 2, 2);
  return numbers === null || !(numbers[0] < numbers[1]) ? null : { low: numbers[0], high: numbers[1] };
}

/** @param hash with or without its # */
export function readAddress(hash: string): Settings {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const one = <Of extends string>(key: string, known: readonly Of[], otherwise: Of): Of =>
    known.find((value) => value === said.get(key)) ?? otherwise;
  const flag = (key: string, otherwise: boolean): boolean => (said.has(key) ? said.get(key) === '1' : otherwise);
  const frames = Number(said.get('frames') ?? usual.frames);
  return {
    scale: one('scale', scales, usual.scale),
    map: one('map', colourMaps, usual.map),
    inverted: flag('inverted', usual.inverted),
    range: rangeIn(said.get('range') ?? ''),
    axes: flag('axes', usual.axes),
    ports: flag('ports', usual.ports),
    profiles: flag('profiles', usual.profiles),
    combination: one('combination', combinations, usual.combination),
    frames: Number.isInteger(frames) && frames >= 2 && frames <= mostFrames ? frames : usual.frames,
    tool: one('tool', tools, usual.tool),
    line: spanIn(said.get('line') ?? ''),
    rectangle: spanIn(said.get('rectangle') ?? ''),
    centre: placeIn(said.get('centre') ?? ''),
    rings: ringsIn(said.get('rings') ?? '') ?? [],
  };
}

/** The part behind #, "" when all is as usual. */
export function writeAddress(settings: Settings): string {
  const { range, line, rectangle, centre, rings } = settings;
  const texts: Record<string, string> = {};
  for (const key of ['scale', 'map', 'combination', 'tool'] as const)
    if (settings[key] !== usual[key]) texts[key] = settings[key];
  for (const key of ['inverted', 'axes', 'ports', 'profiles'] as const)
    if (settings[key] !== usual[key]) texts[key] = settings[key] ? '1' : '0';
  if (settings.frames !== usual.frames) texts['frames'] = String(settings.frames);
  if (range !== null) texts['range'] = `${range.low},${range.high}`;
  if (line !== null) texts['line'] = spanText(line);
  if (rectangle !== null) texts['rectangle'] = spanText(rectangle);
  if (centre !== null) texts['centre'] = `${centre.row},${centre.column}`;
  if (rings.length > 0) texts['rings'] = rings.join(',');
  return new URLSearchParams(texts).toString().replaceAll('%2C', ',');
}
