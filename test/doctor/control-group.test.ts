import t from 'tap';
import { groupLimits } from '../../src/doctor/control-group.js';

const limits = (files: Readonly<Record<string, string>>) => groupLimits((path) => files[path] ?? null);
const v2 = { '/sys/fs/cgroup/cgroup.controllers': 'cpu memory\n' };

t.test('version 2: the tightest limit on the way up holds', async (t) => {
  const own = {
    ...v2,
    '/proc/self/cgroup': '0::/pods/dcu\n',
    '/sys/fs/cgroup/pods/dcu/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/pods/dcu/memory.max': 'max\n',
  };
  t.strictSame(limits(own), { cores: null, memoryBytes: null });
  t.strictSame(
    limits({
      ...own,
      '/sys/fs/cgroup/pods/dcu/cpu.max': '250000 100000\n',
      '/sys/fs/cgroup/pods/dcu/memory.max': '2147483648\n',
    }),
    { cores: 2.5, memoryBytes: 2 ** 31 },
  );
  t.strictSame(
    limits({
      ...own,
      '/sys/fs/cgroup/pods/dcu/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/pods/cpu.max': '150000 100000\n',
    }),
    { cores: 1.5, memoryBytes: null },
  );
});

t.test('version 2 in a container of its own: the group is the mount', async (t) => {
  t.strictSame(
    limits({
      ...v2,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': '100000 100000\n',
      '/sys/fs/cgroup/memory.max': '1073741824\n',
    }),
    { cores: 1, memoryBytes: 2 ** 30 },
  );
});

t.test("version 1: each controller has its own group, and its path may be the host's", async (t) => {
  const files = {
    '/proc/self/cgroup': '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  };
  t.strictSame(limits(files), { cores: null, memoryBytes: null });
  t.strictSame(
    limits({
      ...files,
      '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '536870912\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
    }),
    { cores: 0.5, memoryBytes: 2 ** 29 },
  );
});

t.test('a machine without control groups has no limit', async (t) => {
  t.strictSame(limits({}), { cores: null, memoryBytes: null });
  t.strictSame(limits({ '/proc/self/cgroup': 'nonsense\n' }), { cores: null, memoryBytes: null });
});
