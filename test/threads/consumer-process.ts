// A consumer as a process of its own, which tests stop, kill, or let die with its machine: `node consumer-process.js
// ENDPOINT CONFIG NAME [busy]`. It pulls, checks each series to the pixel, and writes a line of JSON per message. When
// `busy`, it reads nothing after a header until a line comes on its standard input: a program that has something else
// to do, on a machine that is well.

import { once } from 'node:events';
import { loadConfig } from '../../src/config/load.js';
import { pullMessages } from '../../simulators/consumer/pull.js';
import { StreamChecker } from '../../simulators/consumer/stream-check.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';

/** A line. */
export interface Got {
  readonly htype: string;
  readonly number: number;
  /** What was wrong with its series so far; null = it is of a series whose header came before this consumer. */
  readonly problems: readonly string[] | null;
  /** Of a series_end. */
  readonly aborted?: string;
}

const [endpoint, file, name, busy] = process.argv.slice(2) as [string, string, string, 'busy'?];
const { detector } = loadConfig(file, name);
let checker: StreamChecker | null = null;
for await (const parts of pullMessages({ endpoint, signal: new AbortController().signal, receiveHighWaterMark: 1 })) {
  const message = parseMessage(parts);
  if (typeof message === 'string') throw new Error(message);
  const { htype, msgNumber, fields } = message;
  if (htype === 'header') checker = new StreamChecker({ verifier: new FrameVerifier(detector) });
  checker?.accept(message);
  const { aborted } = fields;
  const got: Got = {
    htype,
    number: msgNumber,
    problems: checker?.problems.map(({ text }) => text) ?? null,
    ...(typeof aborted === 'string' ? { aborted } : {}),
  };
  const free = busy !== undefined && htype === 'header' ? once(process.stdin, 'data') : null;
  process.stdout.write(`${JSON.stringify(got)}\n`);
  if (htype === 'series_end') checker = null;
  await free;
}
