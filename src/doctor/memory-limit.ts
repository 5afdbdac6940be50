// What a plan needs of memory for certain, against the limit of the control group: a service that cannot fit is refused
// at its start, with figures, before the kernel kills it in the middle of a series.

import { OperatorError, exitCode } from '../base/errors.js';
import { mebibyte } from '../base/units.js';
import type { Plan } from '../config/plan.js';
import { groupLimits } from './control-group.js';
import type { ReadFile } from './control-group.js';

/**
 * Shared memory, process and threads: what is used whatever comes. send queue and socket buffers, bytes, come on top
 * when they are full.
 */
export function certainBytes(plan: Plan): number {
  return plan.memoryBytes - plan.sendQueue.bytes - 2 * plan.receiveBufferBytes.total;
}

/** @throws OperatorError (environment) when the limit of the control group is below what is used for certain */
export function refuseSmallLimit(name: string, plan: Plan, read: ReadFile): void {
  const { memoryBytes: limit } = groupLimits(read);
  const certain = certainBytes(plan);
  if (limit === null || limit >= certain) return;
  const needed = Math.ceil(plan.memoryBytes / mebibyte);
  throw new OperatorError(
    `${name}: the memory limit of the control group is ${Math.floor(limit / mebibyte)} MiB, but ` +
      `${Math.ceil(certain / mebibyte)} MiB are used for certain (ring ${Math.ceil(plan.ring.bytes / mebibyte)} MiB) ` +
      `and ${needed} MiB with full queues and socket buffers: the kernel would end the process. Raise it to ` +
      `${needed} MiB (in Kubernetes resources.limits.memory: ${needed}Mi), or lower ring_frames ` +
      '(docs/operating.md#memory_limit)',
    exitCode.environment,
  );
}
