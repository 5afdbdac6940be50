// A network of the test's own: two namespaces with a veth pair between them, the detector's and the service's. What
// arrives at the service's end passes rules of nftables that lose packets, and counters that say how many. Nothing
// outside of them is touched; they are removed with the test. Needs root, `ip` (Debian package iproute2) and `nft`
// (nftables).

import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { without } from '../programs.js';

const run = promisify(execFile);

/** Which packets get lost on the way, by a condition of nftables. */
export interface FabricFault {
  readonly udpPort: number;
  /** For example `numgen inc mod 97 == 13`: of each 97 packets the 14th. */
  readonly condition: string;
}

/**
 * The packets of one frame: its number stands at the beginning of the payload, little-endian, 64 bits from the UDP
 * header.
 */
export function ofFrame(frameNumber: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(frameNumber));
  return `@th,64,64 0x${bytes.toString('hex')}`;
}

export class Fabric {
  /** Addresses of the two ends. */
  readonly detectorHost = '192.0.2.1';
  readonly serviceHost = '192.0.2.2';
  readonly #detector: string;
  readonly #service: string;

  private constructor(name: string) {
    this.#detector = `${name}-detector`;
    this.#service = `${name}-service`;
  }

  /** Lay the cable. @returns why that cannot be done here, in words */
  static async lay(t: Test, faults: readonly FabricFault[]): Promise<Fabric | string> {
    const absent = without('ip', 'nft');
    if (absent !== false) return absent;
    const fabric = new Fabric(`vdcu-test-${process.pid}`);
    const [detector, service] = [fabric.#detector, fabric.#service];
    t.teardown(async () => {
      for (const name of [detector, service]) await run('ip', ['netns', 'del', name]).catch(() => undefined);
    });
    try {
      for (const name of [detector, service]) await run('ip', ['netns', 'add', name]);
      await run('ip', [
        'link',
        'add',
        'cable',
        'netns',
        detector,
        'type',
        'veth',
        'peer',
        'name',
        'cable',
        'netns',
        service,
      ]);
      for (const [name, host] of [
        [detector, fabric.detectorHost],
        [service, fabric.serviceHost],
      ] as const) {
        await run('ip', ['-n', name, 'addr', 'add', `${host}/30`, 'dev', 'cable']);
        await run('ip', ['-n', name, 'link', 'set', 'cable', 'up', 'mtu', '9000']);
        await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
      }
      await withInput(fabric.atService(['nft', '-f', '-']), rules(faults));
    } catch (error) {
      return (
        'no network of its own can be made here (needs root, iproute2 and nftables): ' +
        `${(error as { stderr?: string }).stderr?.trim() || (error as Error).message.trim()}`
      );
    }
    return fabric;
  }

  /** The words that start a program at the detector's end. */
  atDetector(words: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#detector, ...words];
  }

  /** The same at the service's end. */
  atService(words: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#service, ...words];
  }

  /** Packets that the rules have lost so far, by UDP port. */
  async lost(): Promise<ReadonlyMap<number, number>> {
    const [program, ...words] = this.atService(['nft', '-j', 'list', 'counters']) as [string, ...string[]];
    const { nftables } = JSON.parse((await run(program, words)).stdout) as {
      nftables: { counter?: { name: string; packets: number } }[];
    };
    return new Map(
      nftables.flatMap(({ counter }) =>
        counter === undefined ? [] : [[Number(counter.name.replace('lost_', '')), counter.packets] as const],
      ),
    );
  }
}

function rules(faults: readonly FabricFault[]): string {
  return [
    'table ip fabric {',
    ...faults.map(({ udpPort }) => `counter lost_${udpPort} { }`),
    'chain arriving {',
    'type filter hook prerouting priority -300; policy accept;',
    ...faults.map(({ udpPort, condition }) => `udp dport ${udpPort} ${condition} counter name "lost_${udpPort}" drop`),
    '}',
    '}',
    '',
  ].join('\n');
}

/** @throws Error with what it complained about */
function withInput([program, ...words]: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(complaints))));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
