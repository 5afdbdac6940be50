// One thing that is wrong with a configuration, and how a value is shown in it.
// Tested by test/config/checks.test.ts.

import { type OptionKey } from './schema.js';

/** One thing that is wrong: where in the entry, and what was seen, what is needed, what to do. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function repeated(key: OptionKey, ports: readonly number[]): Problem[] {
  return ports.flatMap((port, index) =>
    ports.indexOf(port) === index
      ? []
      : [{ path: [key, index], message: `${port} is listed twice. Each port is needed once` }],
  );
}

export function notListed(path: readonly (string | number)[], port: number, ports: readonly number[]): Problem[] {
  if (ports.includes(port)) return [];
  return [{ path, message: `port ${port} is not in udp_ports: ${show(ports)}. Correct it, or add it there` }];
}

/** A value of the file in one short line. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    // By an alias to itself (YAML), or nested deeper than the stack.
    return 'a value without end';
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
