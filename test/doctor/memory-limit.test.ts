import t from 'tap';
import { certainBytes, refuseSmallLimit } from '../../src/doctor/memory-limit.js';
import { setupOf } from './good-facts.js';

const { plan } = setupOf();
const version2 =
  (bytes: number | 'max') =>
  (path: string): string | null =>
    path === '/proc/self/cgroup'
      ? '0::/pod\n'
      : path === '/sys/fs/cgroup/cgroup.controllers'
        ? 'memory\n'
        : path === '/sys/fs/cgroup/pod/memory.max'
          ? `${bytes}\n`
          : null;
const version1 =
  (bytes: number) =>
  (path: string): string | null =>
    path === '/proc/self/cgroup'
      ? '5:memory:/pod\n'
      : path === '/sys/fs/cgroup/memory/pod/memory.limit_in_bytes'
        ? `${bytes}\n`
        : null;

t.test(
  'a limit of either version below what is used for certain refuses the start, with figures and remedy; at that ' +
    'figure it does not',
  async (t) => {
    for (const limit of [version1, version2]) {
      t.doesNotThrow(() => refuseSmallLimit('quad', plan, limit(certainBytes(plan))));
      t.throws(() => refuseSmallLimit('quad', plan, limit(certainBytes(plan) - 1)), {
        exitCode: 3,
        message:
          /^quad: the memory limit of the control group is \d+ MiB, but \d+ MiB .*\(ring 505 MiB\).*Raise it to \d+ MiB.*memory_limit\)$/,
      });
    }
    t.doesNotThrow(() => refuseSmallLimit('quad', plan, version2('max')));
    t.doesNotThrow(() => refuseSmallLimit('quad', plan, () => null));
  },
);
