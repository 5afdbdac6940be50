// The machine that figures were taken on, as far as they depend on it.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly kernel: string;
  readonly virtual: boolean;
  readonly node: string;
  readonly compiler: string;
  readonly rmemMax: string;
  readonly hugePages: string;
  /** Load average of the last minute before the benchmark began: above 0.5, another program was running. */
  readonly loadBefore: number;
}

export function describeMachine(compiler: string): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    virtual: readText('/proc/cpuinfo').includes('hypervisor'),
    node: process.version,
    compiler,
    rmemMax: readText('/proc/sys/net/core/rmem_max'),
    hugePages: /\[(\w+)\]/.exec(readText('/sys/kernel/mm/transparent_hugepage/enabled'))?.[1] ?? 'unknown',
    loadBefore: loadavg()[0],
  };
}

export function machineText(machine: Machine): string {
  const { cpu, cores, memoryGB, kernel, virtual, node, compiler, rmemMax, hugePages, loadBefore, date } = machine;
  const others = loadBefore > 0.5 ? ' (**others were working here: the figures are not to be trusted**)' : '';
  return (
    `${date}: ${cpu}, ${cores} cores${virtual ? ' of a virtual machine' : ''}, ${memoryGB} GB; Linux ${kernel}, huge ` +
    `pages ${hugePages}, net.core.rmem_max ${rmemMax}; Node ${node}; ${compiler}. Load average before: ` +
    `${loadBefore.toFixed(2)}${others}.`
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
