// The rules of an arm request, by whichever protocol: its keys with what the documentation says about them, defaults,
// ranges, and what would hurt the consumer. Comes in: the wish as JSON nodes. Goes out: the request that the streamer
// understands, or all that is wrong with it.

import { isAbsolute } from 'node:path/posix';
import { closest, distance } from 'fastest-levenshtein';
import { OperatorError } from '../base/errors.js';
import type { ServiceConfig } from '../config/service-config.js';
import { largestFrameNumber } from '../detector/packet-header.js';
import { makeLayout } from '../detector/layout.js';
import type { Layout } from '../detector/layout.js';
import { families } from '../detector/profiles.js';
import { filenameBytesLimit, plainRequest } from '../contract/series.js';
import type { ArmRequest } from '../contract/series.js';
import { parseJson, writeJson } from '../base/json-text.js';
import type { JsonNode } from '../base/json-text.js';
import { checkMetadata, loneSurrogate, nameOf } from '../config/metadata.js';
import { maskValueProblem } from '../config/checks-form.js';
import { Refused } from './refused.js';

const problemLimit = 50;

const most = Number.MAX_SAFE_INTEGER;

/**
 * The keys as OpenAPI describes them. `null` stands for "not given", except for `filename`, `frames` and `force`. The
 * rules take `minimum` and `maximum` from here; an integer without `maximum` may be as large as a number is exact.
 */
export const armProperties = {
  filename: {
    type: 'string',
    default: plainRequest.filename,
    description: 'Absolute path of the file that the consumer writes; "" = live view only.',
  },
  frames: {
    type: 'integer',
    minimum: 0,
    maximum: most,
    default: plainRequest.frames,
    description: 'Frames of the series; 0 = until it is stopped.',
  },
  first_frame_number: {
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: largestFrameNumber,
    description: "The detector's number of the first frame; not given = the smallest that arrives first.",
  },
  msg_number_base: {
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: most,
    description:
      'Number of the header message; frame i is then message base + 1 + i. Needed where several instances share a ' +
      'detector (frames_stride), the same for all of them; at least next_msg_number of each. Not given = the next ' +
      'number.',
  },
  frame_period_ms: {
    type: 'number',
    nullable: true,
    // No detector is faster (`frame_rate_hz` of the configuration, up to 1 MHz). At most a day.
    minimum: 0.001,
    maximum: 86_400_000,
    description:
      'Time from frame to frame in ms; given = the series ends by itself after ten periods (at least 5 s) without a ' +
      'packet.',
  },
  metadata: {
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description:
      'Second part of the header message: becomes datasets beside the frames. No null, no keys "data" or ' +
      '"sequence_number", lists of numbers or of strings only.',
  },
  dynamic_range: {
    type: 'integer',
    nullable: true,
    minimum: 1,
    description:
      'Bits per pixel of this series, up to dynamic_range_max of the configuration; not given = as configured.',
  },
  read_n_rows: {
    type: 'integer',
    nullable: true,
    minimum: 0,
    description: 'Rows of each port image that are read out in this series; 0 = all; not given = as configured.',
  },
  force: {
    type: 'boolean',
    default: plainRequest.force,
    description:
      'Open the series although no consumer is connected (the header waits for one), or a check of the doctor failed ' +
      'that loses data.',
  },
} as const;

export type ArmKey = keyof typeof armProperties;

/** The keys of whole numbers. */
type WholeKey = { [K in ArmKey]: (typeof armProperties)[K]['type'] extends 'integer' ? K : never }[ArmKey];

const armKeys = Object.keys(armProperties) as ArmKey[];

/** A value of a key in a program. */
interface WishValues {
  readonly string: string;
  readonly integer: number | bigint;
  readonly number: number;
  readonly boolean: boolean;
  readonly object: object;
}

/** What a program asks for: the keys of the request; what is left out has its default. */
export type ArmWish = { readonly [K in ArmKey]?: WishValues[(typeof armProperties)[K]['type']] };

/** A program's wish as the rules read it. */
export function armWish(wish: ArmWish): JsonNode {
  const given = Object.entries(wish).filter(([, value]) => value !== undefined);
  return { kind: 'object', members: given.map(([key, value]) => [key, nodeOf(value)] as const) };
}

/**
 * What is no number stays none: it must be refused, not be taken for "not given", which JSON.stringify would make of
 * it.
 */
function nodeOf(value: string | number | bigint | boolean | object): JsonNode {
  return typeof value === 'number' || typeof value === 'bigint'
    ? { kind: 'number', text: String(value) }
    : parseJson(JSON.stringify(value));
}

/**
 * The arm request that a wish comes to.
 * @throws Refused (invalid) with everything that is wrong
 */
export function checkArmWish(body: JsonNode | null, config: ServiceConfig): ArmRequest {
  if (body?.kind !== 'object')
    throw new Refused('invalid', [
      `body: is ${body === null ? 'empty' : nameOf(body)}; send a JSON object, {} at least`,
    ]);
  const problems: string[] = [];
  const given = new Map<ArmKey, JsonNode>();
  let unnamed = 0;
  for (const [key, value] of body.members) {
    if (!isArmKey(key)) {
      if (problems.length < problemLimit) problems.push(unknownKey(key));
      else unnamed++;
    } else if (given.has(key)) problems.push(`${key}: is given twice`);
    else given.set(key, value);
  }

  const read = new Fields(given, problems);
  const filename = read.filename();
  const frames = read.whole('frames') ?? plainRequest.frames;
  const firstFrameNumber = read.whole('first_frame_number');
  if (firstFrameNumber !== null && frames > 0 && frames - 1 > largestFrameNumber - firstFrameNumber) {
    problems.push(
      `first_frame_number: ${firstFrameNumber} and ${frames} frames go beyond frame number ${largestFrameNumber}, ` +
        'the last possible',
    );
  }
  const msgNumberBase = read.whole('msg_number_base');
  problems.push(...sharedProblems(config.share.stride, given, { frames, firstFrameNumber, msgNumberBase }));
  const request: ArmRequest = {
    filename,
    frames,
    firstFrameNumber,
    msgNumberBase,
    framePeriodMs: read.period(),
    metadata: read.metadata(),
    dynamicRange: read.whole('dynamic_range'),
    readNRows: read.whole('read_n_rows'),
    force: read.flag('force'),
  };
  problems.push(...layoutProblems(request, config));
  if (problems.length > 0) throw new Refused('invalid', shortened(problems, unnamed));
  return request;
}

/** So many problems are named; more of them would not help. */
function shortened(problems: readonly string[], unnamed: number): string[] {
  const more = Math.max(0, problems.length - problemLimit) + unnamed;
  return [...problems.slice(0, problemLimit), ...(more > 0 ? [`and ${more} more problems`] : [])];
}

/** Reads one key after the other; what is wrong goes to `problems`, and a harmless value is returned. */
class Fields {
  readonly #given: ReadonlyMap<ArmKey, JsonNode>;
  readonly #problems: string[];

  constructor(given: ReadonlyMap<ArmKey, JsonNode>, problems: string[]) {
    this.#given = given;
    this.#problems = problems;
  }

  whole(key: WholeKey): number | null {
    const { minimum, maximum = most }: { readonly minimum: number; readonly maximum?: number } = armProperties[key];
    const node = this.#optional(key);
    if (node === null) return null;
    const value = node.kind === 'number' ? Number(node.text) : NaN;
    // Number() rounds; a value that is no longer safe is refused whether it was rounded or not.
    if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
    return this.#wrong(key, node, `a whole number from ${minimum} to ${maximum}`);
  }

  period(): number | null {
    const node = this.#optional('frame_period_ms');
    if (node === null) return null;
    const { minimum, maximum } = armProperties.frame_period_ms;
    const value = node.kind === 'number' ? Number(node.text) : NaN;
    return value >= minimum && value <= maximum
      ? value
      : this.#wrong('frame_period_ms', node, `a number of milliseconds from ${minimum} to ${maximum}`);
  }

  flag(key: ArmKey): boolean {
    const node = this.#given.get(key);
    if (node === undefined) return plainRequest.force;
    return node.kind === 'boolean' ? node.value : (this.#wrong(key, node, 'true or false') ?? false);
  }

  filename(): string {
    const node = this.#given.get('filename');
    if (node === undefined) return plainRequest.filename;
    const needed = 'an absolute path, or "" for live view only';
    if (node.kind !== 'string') return this.#wrong('filename', node, needed) ?? '';
    const name = node.value;
    if (name === '') return name;
    if (!isAbsolute(name)) this.#wrong('filename', node, needed);
    else if (name.endsWith('/')) this.#wrong('filename', node, 'the path of a file, not of a folder');
    else if (name.includes('\0') || loneSurrogate.test(name))
      this.#wrong('filename', node, 'a path without NUL characters, in valid Unicode');
    else if (Buffer.byteLength(name) > filenameBytesLimit)
      this.#wrong('filename', node, `a path of at most ${filenameBytesLimit} bytes`);
    return name;
  }

  metadata(): string | null {
    const node = this.#optional('metadata');
    if (node === null) return null;
    const { text, problems } = checkMetadata(node);
    this.#problems.push(...problems);
    return text;
  }

  #optional(key: ArmKey): JsonNode | null {
    const node = this.#given.get(key);
    const nullable = 'nullable' in armProperties[key];
    return node === undefined || (nullable && node.kind === 'null') ? null : node;
  }

  #wrong(key: ArmKey, node: JsonNode, needed: string): null {
    const seen = writeJson(node);
    this.#problems.push(`${key}: ${seen.length <= 80 ? seen : `${seen.slice(0, 77)}...`} is not ${needed}`);
    return null;
  }
}

/** Which instance has a frame, and which number its message has, follows from these three. */
function sharedProblems(
  stride: number,
  given: ReadonlyMap<ArmKey, JsonNode>,
  { frames, firstFrameNumber, msgNumberBase }: Pick<ArmRequest, 'frames' | 'firstFrameNumber' | 'msgNumberBase'>,
): string[] {
  const problems: string[] = [];
  // Header, images and series_end, and one number to go on with.
  if (msgNumberBase !== null && frames + 3 > most - msgNumberBase)
    problems.push(`msg_number_base: ${msgNumberBase} and ${frames} frames go beyond ${most}, the last number possible`);
  if (stride === 1) return problems;
  const lacking: [key: ArmKey, lacks: boolean, needs: string][] = [
    ['frames', frames === 0, 'more than 0'],
    ['first_frame_number', firstFrameNumber === null, "the detector's number of the first frame (nextframenumber)"],
    ['msg_number_base', msgNumberBase === null, 'the number of the header, the same for all'],
  ];
  // What is there and wrong was said already.
  const wrong = (key: ArmKey): boolean => given.has(key) && key !== 'frames' && given.get(key)?.kind !== 'null';
  for (const [key, lacks, needs] of lacking) {
    if (lacks && !wrong(key))
      problems.push(
        `${key}: needed where ${stride} instances share a detector (frames_stride): ${needs}. vdcu arm --endpoints ` +
          'arms all of them',
      );
  }
  return problems;
}

/**
 * The layout of a request's frames.
 * @throws OperatorError when its bit depth and rows give none
 */
export function layoutOfRequest(
  { dynamicRange, readNRows }: Pick<ArmRequest, 'dynamicRange' | 'readNRows'>,
  { detector }: Pick<ServiceConfig, 'detector'>,
): Layout {
  return makeLayout(detector, {
    ...(dynamicRange === null ? {} : { dynamicRange }),
    ...(readNRows === null ? {} : { readNRows: readNRows === 0 ? null : readNRows }),
  });
}

/** Bit depth and rows must give a layout of this detector that fits the slots. */
function layoutProblems({ dynamicRange, readNRows }: ArmRequest, config: ServiceConfig): string[] {
  if (dynamicRange === null && readNRows === null) return [];
  if (
    dynamicRange !== null &&
    families[config.detector.detector]?.values.depths[dynamicRange] !== undefined &&
    dynamicRange > config.dynamicRangeMax
  ) {
    return [
      `dynamic_range: ${dynamicRange} is more than the ${config.dynamicRangeMax} bits that memory was laid out ` +
        `for; set dynamic_range_max: ${dynamicRange} in the configuration and restart`,
    ];
  }
  try {
    const { pixelBytes } = layoutOfRequest({ dynamicRange, readNRows }, config);
    const problem = maskValueProblem(config.maskValue, pixelBytes);
    return problem === null ? [] : [`dynamic_range: ${dynamicRange} with mask_value: ${problem}`];
  } catch (error) {
    if (error instanceof OperatorError) return [error.message];
    throw error;
  }
}

function isArmKey(key: string): key is ArmKey {
  return Object.hasOwn(armProperties, key);
}

function unknownKey(key: string): string {
  const shown = key.length <= 40 ? key : `${key.slice(0, 37)}...`;
  const nearest = closest(shown, armKeys);
  const near = distance(shown, nearest) <= Math.max(2, Math.floor(nearest.length / 3));
  const hint = near ? `did you mean ${nearest}?` : `known: ${armKeys.join(', ')}`;
  return `${shown}: is not a key of this request; ${hint}`;
}
