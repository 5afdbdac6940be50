// Machines of a test's own: one for the service, and consumers' machines, each with a cable to it; all are network
// namespaces, which are removed with the test. A consumer's machine can die as by a power cut: nothing it says gets out
// any more, no end of a connection either. Needs root and `ip` (Debian package iproute2).

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { without } from '../programs.js';

const run = promisify(execFile);
const ip = (...words: readonly string[]): Promise<unknown> => run('ip', [...words]);
let made = 0;

export class ConsumerHosts {
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  /** Set up the service's machine and so many consumers'. @returns why that cannot be done here, in words */
  static async setUp(t: Test, consumers: number): Promise<ConsumerHosts | string> {
    const absent = without('ip');
    if (absent !== false) return absent;
    const hosts = new ConsumerHosts(`vdcu-hosts-${process.pid}-${++made}`);
    const names = [hosts.#service, ...Array.from({ length: consumers }, (_, index) => hosts.#consumer(index))];
    t.teardown(async () => {
      for (const name of names) await ip('netns', 'del', name).catch(() => undefined);
    });
    try {
      for (const name of names) {
        await ip('netns', 'add', name);
        await ip('-n', name, 'link', 'set', 'lo', 'up');
      }
      for (let index = 0; index < consumers; index++) {
        const ends = [
          [hosts.#service, `cable${index}`, hosts.serviceAddress(index)],
          [hosts.#consumer(index), 'cable', `198.51.100.${index * 4 + 2}`],
        ] as const;
        await ip(
          'link',
          'add',
          ends[0][1],
          'netns',
          ends[0][0],
          'type',
          'veth',
          'peer',
          'name',
          ends[1][1],
          'netns',
          ends[1][0],
        );
        for (const [name, device, address] of ends) {
          await ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', device);
          await ip('-n', name, 'link', 'set', device, 'up');
        }
      }
    } catch (error) {
      return (
        'no machines of its own can be made here (needs root and iproute2): ' +
        `${(error as { stderr?: string }).stderr?.trim() || (error as Error).message.trim()}`
      );
    }
    return hosts;
  }

  get #service(): string {
    return `${this.#name}-s`;
  }

  #consumer(index: number): string {
    return `${this.#name}-c${index}`;
  }

  /** The service's address, as this consumer's machine sees it. */
  serviceAddress(index: number): string {
    return `198.51.100.${index * 4 + 1}`;
  }

  /** The words before those that start a program at the service's. */
  get atService(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#service];
  }

  atConsumer(index: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#consumer(index)];
  }

  /** `silent`: it hears, and no answer gets out; `unplugged`: the cable is out. */
  async die(index: number, how: 'silent' | 'unplugged'): Promise<void> {
    if (how === 'silent')
      await ip('-n', this.#consumer(index), 'route', 'add', 'blackhole', `${this.serviceAddress(index)}/32`);
    else await ip('-n', this.#consumer(index), 'link', 'set', 'cable', 'down');
  }
}
