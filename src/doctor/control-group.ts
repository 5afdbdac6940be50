// Limits of the control group that this process is in, versions 1 and 2: a limit of any group above it holds as well.
// Source: kernel documentation, admin-guide/cgroup-v2.rst and cgroup-v1/.

/** Null = no limit. */
export interface GroupLimits {
  readonly cores: number | null;
  readonly memoryBytes: number | null;
}

/** Text of a file, null where it cannot be read. */
export type ReadFile = (path: string) => string | null;

const root = '/sys/fs/cgroup';
/** Version 1 writes "no limit" as the largest multiple of a page. */
const unlimitedBytes = 2 ** 62;

/** The tightest limits over the group and those above it. */
export function groupLimits(read: ReadFile): GroupLimits {
  const cores: number[] = [];
  const bytes: number[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const names = controllers.split(',');
    for (const folder of foldersOf(controllers, path, read)) {
      if (controllers === '') {
        cores.push(...coresOf(...(read(`${folder}/cpu.max`) ?? '').trim().split(' ')));
        bytes.push(...bytesOf(read(`${folder}/memory.max`)));
      }
      if (names.includes('cpu'))
        cores.push(...coresOf(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)));
      if (names.includes('memory')) bytes.push(...bytesOf(read(`${folder}/memory.limit_in_bytes`)));
    }
  }
  return {
    cores: cores.length === 0 ? null : Math.min(...cores),
    memoryBytes: bytes.length === 0 ? null : Math.min(...bytes),
  };
}

/**
 * The group's folder and those above it. In a container the path may be the host's, and only the mount's own folder is
 * there.
 */
function foldersOf(controllers: string, path: string, read: ReadFile): string[] {
  const steps = path.split('/').filter((step) => step !== '');
  const below = steps.map((_, index) => `/${steps.slice(0, index + 1).join('/')}`).reverse();
  const mount =
    controllers === ''
      ? read(`${root}/cgroup.controllers`) === null
        ? `${root}/unified`
        : root
      : `${root}/${controllers}`;
  return [...below, ''].map((step) => `${mount}${step}`);
}

function coresOf(quota?: string | null, period?: string | null): number[] {
  const cores = Number(quota) / Number(period);
  return quota != null && quota.trim() !== '' && Number.isFinite(cores) && cores > 0 ? [cores] : [];
}

function bytesOf(text: string | null): number[] {
  const bytes = Number(text);
  return text !== null && text.trim() !== '' && Number.isFinite(bytes) && bytes < unlimitedBytes ? [bytes] : [];
}
