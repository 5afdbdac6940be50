// One message of the stream as a consumer sees it: part 0 read as JSON, the other parts untouched. Comes in: the parts
// from the socket. Goes out: what ordering and checks work on.
// Tested by test/simulators/consumer/stream-check.test.ts.

export type JsonObject = Readonly<Record<string, unknown>>;

export interface StreamMessage {
  readonly htype: string;
  readonly msgNumber: number;
  /** Part 0. */
  readonly fields: JsonObject;
  /** Parts 1, 2, … */
  readonly parts: readonly Uint8Array[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an integer from 0 to 2⁵³ − 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** UTF-8 JSON object of a part, or null. */
export function parseObject(part: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(part));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Read a multipart message; a sentence instead when a consumer could not even order it. */
export function parseMessage(parts: readonly Uint8Array[]): StreamMessage | string {
  const first = parts[0];
  const fields = first === undefined ? null : parseObject(first);
  if (fields === null) return 'part 0 is not a UTF-8 JSON object';
  const { htype, msg_number: msgNumber } = fields;
  if (typeof htype !== 'string') return `htype is ${JSON.stringify(htype)}, not a string`;
  if (!isCount(msgNumber)) return `msg_number is ${JSON.stringify(msgNumber)}, not an integer from 0 to 2^53 - 1`;
  return { htype, msgNumber, fields, parts: parts.slice(1) };
}
