// What a header's second part may hold. The consumer's file writer turns every key into an HDF5 dataset or group beside
// the frames. What it cannot store costs the series its metadata and sequence numbers, or ends the writer. So it is
// refused here, with the path and the reason, before a series is opened or a configuration is accepted. Rules:
// docs/stream.md.

import { writeJson } from '../base/json-text.js';
import type { JsonNode } from '../base/json-text.js';
import { metadataBytesLimit } from '../contract/series.js';

/** Problems named in one answer; more of them would not help. */
const problemLimit = 20;

/** Datasets that the file writer makes itself, beside the metadata. */
const takenKeys = ['data', 'sequence_number'];

/** What the consumer reads itself, and which kind it takes it for: `"false"` would be true to it. */
const kindOf: Readonly<Record<string, { readonly kind: JsonNode['kind']; readonly because: string }>> = {
  exptime: { kind: 'number', because: 'it becomes the exposure time of every image' },
  save_raw: { kind: 'boolean', because: 'it decides whether a file is written' },
};

/** Every image carries the exposure time as it was written: a number has so many characters at most. */
const exptimeCharacters = 32;

/** Half of a surrogate pair: text that no UTF-8 can carry. */
export const loneSurrogate = /\p{Surrogate}/u;

const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n } as const;

/**
 * Check metadata.
 * @returns the JSON text for the wire, numbers digit by digit as they came, or what is wrong: path, reason, remedy
 */
export function checkMetadata(
  node: JsonNode,
): { text: string; problems: readonly [] } | { text: null; problems: readonly string[] } {
  const problems: string[] = [];
  if (node.kind !== 'object')
    return { text: null, problems: [`metadata: is ${nameOf(node)}; it must be a JSON object`] };
  const text = writeJson(node);
  const bytes = Buffer.byteLength(text);
  if (bytes > metadataBytesLimit)
    return { text: null, problems: [`metadata: ${bytes} bytes of JSON; at most ${metadataBytesLimit} are allowed`] };
  for (const [key, value] of node.members) {
    if (takenKeys.includes(key))
      problems.push(`metadata.${key}: the file writer makes a dataset of this name itself; choose another key`);
    const needed = Object.hasOwn(kindOf, key) ? kindOf[key] : undefined;
    if (needed !== undefined && value.kind !== needed.kind)
      problems.push(`metadata.${key}: is ${nameOf(value)}; ${needed.because} and must be ${names[needed.kind]}`);
    if (key === 'exptime' && value.kind === 'number' && value.text.length > exptimeCharacters)
      problems.push(
        `metadata.exptime: a number of ${value.text.length} characters; it stands in every image and may have ` +
          `${exptimeCharacters}. Write fewer digits`,
      );
  }
  checkMembers('metadata', node, problems);
  return problems.length === 0 ? { text, problems: [] } : { text: null, problems: problems.slice(0, problemLimit) };
}

type ObjectNode = Extract<JsonNode, { kind: 'object' }>;
type ListNode = Extract<JsonNode, { kind: 'list' }>;

function checkMembers(path: string, node: ObjectNode, problems: string[]): void {
  const seen = new Set<string>();
  for (const [key, value] of node.members) {
    const at = `${path}.${printable(key)}`;
    if (seen.has(key)) problems.push(`${at}: is given twice; an HDF5 group holds a name once`);
    seen.add(key);
    const wrong = wrongKey(key);
    if (wrong !== null) problems.push(`${at}: ${wrong}`);
    checkValue(at, value, problems);
  }
}

function checkValue(at: string, node: JsonNode, problems: string[]): void {
  switch (node.kind) {
    case 'null':
      problems.push(`${at}: is null, which HDF5 cannot store; leave the key out`);
      return;
    case 'boolean':
      return;
    case 'number': {
      const wrong = wrongNumber(node.text);
      if (wrong !== null) problems.push(`${at}: ${wrong}`);
      return;
    }
    case 'string': {
      const wrong = wrongText(node.value);
      if (wrong !== null) problems.push(`${at}: ${wrong}`);
      return;
    }
    case 'list':
      checkList(at, node, problems);
      return;
    case 'object':
      checkMembers(at, node, problems);
  }
}

function checkList(at: string, node: ListNode, problems: string[]): void {
  const kinds = new Set(node.items.map((item) => item.kind));
  for (const kind of kinds) {
    if (kind === 'number' || kind === 'string') continue;
    problems.push(`${at}: a list with ${plural[kind]}; lists may hold numbers or strings only`);
    return;
  }
  if (kinds.size > 1) {
    problems.push(`${at}: a list of numbers and strings mixed; use one of them`);
    return;
  }
  node.items.forEach((item, index) => checkValue(`${at}[${index}]`, item, problems));
}

function wrongKey(key: string): string | null {
  if (key === '' || key === '.') return 'is no name for an HDF5 dataset; choose another key';
  if (key.includes('/')) return 'a key with "/" makes HDF5 groups; use nested objects instead';
  return wrongText(key);
}

function wrongText(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character, which HDF5 strings cannot store';
  if (loneSurrogate.test(text)) return 'holds half of a surrogate pair, which is no UTF-8';
  return null;
}

function wrongNumber(text: string): string | null {
  if (/[.eE]/.test(text)) return Number.isFinite(Number(text)) ? null : `${shortened(text)} is beyond a 64-bit float`;
  const value = BigInt(text);
  return value >= int64.least && value <= int64.most
    ? null
    : `${shortened(text)} is beyond a signed 64-bit integer; write it as a string, or with a decimal point`;
}

const plural = { null: 'nulls', boolean: 'booleans', list: 'lists', object: 'objects' } as const;

const names = {
  null: 'null',
  boolean: 'a boolean',
  number: 'a number',
  string: 'a string',
  list: 'a list',
  object: 'an object',
} as const;

/** What a node is, as the end of "is …". */
export function nameOf(node: JsonNode): string {
  return names[node.kind];
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}

/** A key as part of a path: quoted unless it is a plain word. */
function printable(key: string): string {
  return /^[\w-]+$/.test(key) ? shortened(key) : JSON.stringify(shortened(key));
}
