// From a file of named detectors to one ServiceConfig. Every message names file, line, key, value and what is allowed,
// and all problems of an entry are reported at once.

import { closest, distance } from 'fastest-levenshtein';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { readTextFile, TooLarge } from '../base/text-file.js';
import { findProblems, hostProblems } from './checks.js';
import { fromClient, isOpen } from './from-client.js';
import { show, type Problem } from './problem.js';
import { resolveOptions } from './resolve.js';
import { notesOf, options as allOptions, type OptionKey, type Options } from './schema.js';
import type { ServiceConfig } from './service-config.js';

/** Problems named in one message; more of them would not help. */
const problemLimit = 50;

/**
 * Bytes of a configuration file: hundreds of detectors. A list of two megabytes would take ten seconds to be read and
 * refused.
 */
const fileBytesLimit = 256 * 1024;

/**
 * The configuration of detector `name` in a YAML file, which says what the detector is. Other entries of the file are
 * not looked at.
 * @throws OperatorError (exit code usage), one line per problem
 */
export function loadConfig(file: string, name: string): ServiceConfig {
  const config = loadAnyConfig(file, name);
  if (!isOpen(config)) return config;
  throw new OperatorError(
    `${file}: ${name}: detector: from_client says nothing of the detector: PSI's client tells it to the service ` +
      'that runs (GET /api/v1/config has it then). This command needs detector, udp_ports and what differs from the ' +
      'defaults in the file',
    exitCode.usage,
  );
}

/**
 * As `loadConfig`, but it may be left to PSI's client what the detector is.
 * @throws OperatorError (exit code usage), one line per problem
 */
export function loadAnyConfig(file: string, name: string, hostName: string | null = null): ServiceConfig {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`${file}: ${unreadable(error)}`, exitCode.usage, { cause: error });
  }
  return parseConfig(text, file, name, hostName);
}

/**
 * The configuration of detector `name` in the text of a file.
 * @param file name for messages only
 * @param hostName of the machine that the service runs on, for `frames_offset: hostname`; null = not known, the offset
 * is taken as 0
 * @throws OperatorError (exit code usage), one line per problem
 */
export function parseConfig(text: string, file: string, name: string, hostName: string | null = null): ServiceConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  if (document.errors.length > 0) {
    refuse(document.errors.map((error) => `${file}:${lines.linePos(error.pos[0]).line}: not YAML: ${error.message}`));
  }
  const entry = findEntry(document, lines, file, name);
  const values = leftToClient(valuesOf(document, file, name));
  const { options, problems, wrong } = parseOptions(values);
  problems.push(...findProblems(options, wrong));
  if (!wrong.has('frames_stride') && !wrong.has('frames_offset')) problems.push(...hostProblems(options, hostName));
  if (problems.length > 0) {
    const located = problems.map((problem) => ({ line: lineOf(entry, problem.path, lines), problem }));
    located.sort((a, b) => a.line - b.line);
    refuse(
      located.map(({ line, problem }) => `${file}:${line}: ${[name, ...problem.path].join('.')}: ${problem.message}`),
    );
  }
  const config = resolveOptions(name, options, hostName);
  return isOpen(config) ? { ...config, stated: { options, given: new Set(Object.keys(values)), hostName } } : config;
}

/** Receiver ports without a detector leave it to the client; then series are opened by the client. */
function leftToClient(values: Record<string, unknown>): Record<string, unknown> {
  const ports = values['receiver_ports'];
  const named = Object.hasOwn(values, 'detector');
  if (named ? values['detector'] !== fromClient : !Array.isArray(ports) || ports.length === 0) return values;
  return { series: 'armed', ...values, detector: fromClient };
}

/**
 * @throws Error of the file system; OperatorError when the file is too large, whatever it is: of /dev/zero there is no
 * end
 */
function readText(file: string): string {
  try {
    return readTextFile(file, fileBytesLimit);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    throw new OperatorError(
      `${file}: is larger than ${fileBytesLimit} bytes, the most that a configuration may have. Is it the right ` +
        'file? Else give each detector a file of its own',
      exitCode.usage,
    );
  }
}

/** Names of the detectors of a file, whatever else is right or wrong in it; empty when it cannot be read. */
export function detectorNames(file: string): string[] {
  try {
    const root = parseDocument(readText(file), { merge: true, prettyErrors: false }).contents;
    return isMap(root) ? namesIn(root) : [];
  } catch {
    return [];
  }
}

const namesIn = (root: YAMLMap): string[] =>
  root.items.filter((item) => isMap(item.value) && isOurs(item.value)).map((item) => keyText(item.key));

const isOurs = (entry: YAMLMap): boolean => entry.has('detector') || entry.has('receiver_ports');

interface Entry {
  readonly map: YAMLMap;
  /** Line of the detector's name. */
  readonly line: number;
}

function findEntry(document: Document, lines: LineCounter, file: string, name: string): Entry {
  const root = document.contents;
  if (!isMap(root)) {
    throw new OperatorError(
      `${file}: holds no detectors: needs named entries such as "softimax-eiger:" with a detector's keys below each`,
      exitCode.usage,
    );
  }
  const pair = root.items.find((item) => keyText(item.key) === name);
  if (pair === undefined) {
    const ours = namesIn(root);
    const nearest = suggestion(name, ours);
    const known =
      ours.length === 0 ? 'it names no detector (an entry with the key "detector")' : `it has ${ours.join(', ')}`;
    throw new OperatorError(`${file}: no detector "${name}": ${known}${nearest}`, exitCode.usage);
  }
  const line = lineOfNode(pair.key, lines) ?? 1;
  const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
  if (!isMap(value)) {
    const seen = isNode(value) ? resolved(file, () => value.toJS(document) as unknown) : value;
    throw new OperatorError(
      `${file}:${line}: ${name}: ${show(seen)} is no detector: needs a map of keys (docs/reference/configuration.md)`,
      exitCode.usage,
    );
  }
  if (value.has('class') && !isOurs(value)) {
    throw new OperatorError(
      `${file}:${line}: ${name}: is an entry of another program (class: ${String(value.get('class'))}). Name a ` +
        'detector of this one, which has the key "detector"',
      exitCode.usage,
    );
  }
  return { map: value, line };
}

/** Aliases and merge keys resolved; map keys become text. */
function valuesOf(document: Document, file: string, name: string): Record<string, unknown> {
  return resolved(file, () => (document.toJS() as Record<string, Record<string, unknown>>)[name] ?? {});
}

/** Aliases may repeat without end. */
function resolved<T>(file: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    throw new OperatorError(`${file}: not YAML: ${messageOf(error)}`, exitCode.usage, { cause: error });
  }
}

/** Each key by itself. A wrong key leaves its default behind and is named in `wrong`. */
function parseOptions(values: Record<string, unknown>): { options: Options; problems: Problem[]; wrong: Set<string> } {
  const problems: Problem[] = [];
  const wrong = new Set<string>();
  const parsed: Record<string, unknown> = {};
  let unknown = 0;
  for (const key of Object.keys(values)) {
    if (Object.hasOwn(allOptions, key)) continue;
    // (To look for what was meant takes time; the first ones are enough.)
    if (unknown++ > problemLimit) continue;
    const hint = suggestion(key, Object.keys(allOptions)) || '; the keys are in docs/reference/configuration.md';
    problems.push({ path: [key], message: `unknown key with value ${show(values[key])}${hint}` });
  }
  for (const key of Object.keys(allOptions) as OptionKey[]) {
    const given = Object.hasOwn(values, key);
    if (key === 'udp_ports' && !given && values['detector'] === fromClient) {
      parsed[key] = [];
      continue;
    }
    const result = allOptions[key].safeParse(given ? values[key] : undefined);
    if (result.success && !(given && values[key] === undefined)) {
      parsed[key] = result.data;
      continue;
    }
    wrong.add(key);
    const { range } = notesOf(key);
    if (!given) {
      problems.push({ path: [], message: `the key ${key} is missing: needs ${range}` });
      continue;
    }
    for (const path of wrongPaths(result.error?.issues ?? [])) {
      problems.push({ path: [key, ...path], message: `${show(at(values[key], path))} is not allowed: needs ${range}` });
    }
  }
  return { options: parsed as Options, problems, wrong };
}

/** Where inside a value it is wrong, each place once. */
function wrongPaths(issues: readonly { readonly path: readonly PropertyKey[] }[]): (string | number)[][] {
  const paths = new Map<string, (string | number)[]>();
  for (const issue of issues) {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    paths.set(path.join('.'), path);
  }
  return [...paths.values()];
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown> | undefined)?.[step], value);
}

/** Line of the deepest part of the path that stands in the entry; a key that came by an alias has the entry's line. */
function lineOf(entry: Entry, path: readonly (string | number)[], lines: LineCounter): number {
  let line = entry.line;
  let node: unknown = entry.map;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item.key) === String(step));
      line = lineOfNode(pair?.key, lines) ?? line;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      line = lineOfNode(node, lines) ?? line;
    }
  }
  return line;
}

function lineOfNode(node: unknown, lines: LineCounter): number | null {
  return isNode(node) && node.range != null ? lines.linePos(node.range[0]).line : null;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

/** What other programs call the same things. */
const synonyms: Readonly<Record<string, string>> = {
  http: 'api',
  rest: 'api',
  web: 'api',
  zmq: 'data',
  stream: 'data',
};

/** "; did you mean …?" when a known word is near enough to be a slip of the pen, else nothing. */
function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const meant = word.replace(/[^_]+/g, (part) => (Object.hasOwn(synonyms, part) ? synonyms[part] : part));
  if (known.includes(meant)) return `; did you mean "${meant}"?`;
  const nearest = closest(word, known);
  return distance(word, nearest) <= Math.max(2, Math.floor(nearest.length / 3)) ? `; did you mean "${nearest}"?` : '';
}

function unreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file. Give the path of a configuration file (examples/detectors.yaml is one)';
  if (code === 'EISDIR') return 'is a directory. Give the path of a configuration file inside it';
  if (code === 'EACCES') return 'not readable for this user. Change its permissions, or run as another user';
  return messageOf(error);
}

function refuse(problems: readonly string[]): never {
  const more = problems.length - problemLimit;
  throw new OperatorError(
    [...problems.slice(0, problemLimit), ...(more > 0 ? [`and ${more} more problems`] : [])].join('\n'),
    exitCode.usage,
  );
}
