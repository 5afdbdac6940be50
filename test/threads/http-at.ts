// HTTP asked where only a process can go that was started there: one that asks what it is told, one request after the
// other.

import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { startProcess } from './process.js';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

const script = `
for await (const line of require('node:readline').createInterface(process.stdin)) {
  const { url, ...request } = JSON.parse(line);
  const answer = await fetch(url, { ...request, headers: { 'content-type': 'application/json' } }).then(
    async (response) => ({ status: response.status, text: await response.text() }),
    (error) => ({ status: 0, text: String(error) }),
  );
  process.stdout.write(JSON.stringify(answer) + '\\n');
}`;

/** @param starter words before the program that takes it there, e.g. `ip netns exec NAME` */
export function httpAt(
  t: Test,
  starter: readonly string[],
  apiUrl: string,
): (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<HttpAnswer> {
  const { child } = startProcess(t, [...starter, process.execPath, '-e', `(async () => {${script}})()`], 'pipe');
  if (child.stdin === null || child.stdout === null) throw new Error('a process without pipes');
  const { stdin } = child;
  const waiting: ((answer: HttpAnswer) => void)[] = [];
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.(JSON.parse(line) as HttpAnswer));
  return (method, path, body) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      stdin.write(`${JSON.stringify({ url: `${apiUrl}${path}`, method, ...content })}\n`);
    });
}
