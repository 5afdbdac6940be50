// Asks the network card by `ethtool`, where that is installed: size of its receive ring, pause frames. Drivers differ
// in what they say, so each line is optional. It takes too long for the moment before a series is armed.

import { execFile } from 'node:child_process';
import type { CardFacts, LinkFacts } from './facts.js';

const limitMs = 2000;

/** Runs a program; its output, or the code of the error (ENOENT = not installed) or its exit code. */
export type RunProgram = (
  program: string,
  parameters: readonly string[],
) => Promise<{ readonly output: string } | { readonly error: string | number }>;

/** Without a shell, cut off after two seconds. */
export const runProgram: RunProgram = (program, parameters) =>
  new Promise((resolve) => {
    execFile(program, parameters, { timeout: limitMs, encoding: 'utf8' }, (error, output) => {
      resolve(error === null ? { output } : { error: error.code ?? 'no answer' });
    });
  });

/** The cards of these interfaces, or why nothing is known of any. */
export async function askCards(
  links: readonly LinkFacts[],
  run: RunProgram = runProgram,
): Promise<CardFacts[] | string> {
  const answers = await Promise.all(links.map((link) => askCard(link, run)));
  const cards = answers.filter((answer): answer is CardFacts => typeof answer !== 'string');
  return cards.length > 0
    ? cards
    : (answers.find((answer) => typeof answer === 'string') ?? 'the interface of udp_host is not known');
}

/** The card of this interface, or why nothing is known of it. */
async function askCard(link: LinkFacts, run: RunProgram): Promise<CardFacts | string> {
  if (link.loopback) return `${link.name} is no network card`;
  const [ring, pause] = await Promise.all([run('ethtool', ['-g', link.name]), run('ethtool', ['-a', link.name])]);
  if ('error' in ring && 'error' in pause)
    return ring.error === 'ENOENT' ? 'ethtool is not installed' : `ethtool says nothing of ${link.name}`;
  return {
    name: link.name,
    receiveRing: 'output' in ring ? ringOf(ring.output) : null,
    sendsPause: 'output' in pause ? pauseOf(pause.output) : null,
  };
}

/** `ethtool -g`: "RX:" once among the maximums, once among the current settings. */
export function ringOf(text: string): CardFacts['receiveRing'] {
  const [most, now] = [...text.matchAll(/^RX:\s*(\d+)\s*$/gm)].map(([, count]) => Number(count));
  return most === undefined || now === undefined ? null : { now, most };
}

/** `ethtool -a`: "TX: on". */
export function pauseOf(text: string): boolean | null {
  const word = /^TX:\s*(on|off)\s*$/m.exec(text)?.[1];
  return word === undefined ? null : word === 'on';
}
