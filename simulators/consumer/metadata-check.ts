// Rules for the metadata that may come with a header: what would hurt the consumer's file writer (it makes an HDF5
// dataset of each key).
// Tested by test/simulators/consumer/stream-check.test.ts.

import { isObject } from './stream-message.js';
import type { JsonObject } from './stream-message.js';

const reserved = ['data', 'sequence_number'];

/** What is wrong with metadata, one sentence each. */
export function checkMetadata(metadata: JsonObject): string[] {
  const problems = reserved
    .filter((key) => key in metadata)
    .map((key) => `key ${key} would replace the consumer's own dataset`);
  for (const [key, value] of Object.entries(metadata)) problems.push(...checkValue(key, value));
  return problems;
}

function checkValue(path: string, value: unknown): string[] {
  if (value === null) return [`${path} is null`];
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 2 ** 63)
    return [`${path} is 2^63 or more`];
  if (isObject(value)) return Object.entries(value).flatMap(([key, inner]) => checkValue(`${path}.${key}`, inner));
  if (!Array.isArray(value)) return [];
  const list = value as unknown[];
  if (list.some((item) => isObject(item))) return [`${path} is a list of objects`];
  if (list.some((item) => kindOf(item) !== kindOf(list[0]))) return [`${path} is a list of mixed type`];
  return list.flatMap((item, at) => checkValue(`${path}[${at}]`, item));
}

/** Lists are of one kind when they are equally long, as an array needs. */
function kindOf(value: unknown): string {
  return Array.isArray(value) ? `list of ${value.length}` : typeof value;
}
