// Programs that some tests use and that are no part of Node: the only place in test/ that finds them. They come from
// PATH, or from where scripts/install-deploy-tools.sh puts them. Where one is absent its test says so and is skipped;
// .ci/run has these tests go through once more with a PATH on which there is nothing but Node (docs: CONTRIBUTING.md).

import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where scripts/install-deploy-tools.sh keeps what it made. */
export const toolCache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'virtual-dcu');

/** Packages of Debian, where they have another name than the program. */
const packages: Readonly<Record<string, string>> = {
  promtool: 'prometheus',
  ip: 'iproute2',
  nft: 'nftables',
  unshare: 'util-linux',
  prlimit: 'util-linux',
  mount: 'mount',
  mkfifo: 'coreutils',
  'systemd-analyze': 'systemd',
  helm: 'scripts/install-deploy-tools.sh',
  kubeconform: 'scripts/install-deploy-tools.sh',
};

/** All files of that name that may be run, in the order of the search. */
function* programsNamed(name: string): Generator<string, void, undefined> {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), join(toolCache, 'bin')]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    yield path;
  }
}

/** Where the program lies, or null. */
export function programNamed(name: string): string | null {
  return programsNamed(name).next().value ?? null;
}

/** A release of PSI's programs: a Python with its client, and the folder of its virtual detector servers. */
export interface PsiTools {
  readonly python: string;
  readonly servers: string;
}

/** What scripts/install-psi-tools.sh made of a release, or why a test is skipped that needs it. */
export function psiTools(release: string): PsiTools | string {
  const folder = join(toolCache, `psi-${release}`);
  const [python, servers] = [join(folder, 'python', 'bin', 'python3'), join(folder, 'servers')];
  const there = existsSync(python) && existsSync(join(servers, 'eigerDetectorServer_virtual'));
  return there ? { python, servers } : `PSI's programs ${release} are not here (scripts/install-psi-tools.sh)`;
}

/** Why a test is skipped that needs these programs; false = all are there. */
export function without(...names: readonly string[]): string | false {
  const absent = names.filter((name) => programNamed(name) === null);
  return absent.length === 0
    ? false
    : `not installed: ${absent.map((name) => `${name} (${packages[name] ?? name})`).join(', ')}`;
}

/** A Python that can import these modules, or null: of PATH, or where scripts/install-python-clients.sh made one. */
export function pythonWith(...modules: readonly string[]): string | null {
  for (const python of [...programsNamed('python3'), join(toolCache, 'python-clients', 'bin', 'python3')]) {
    try {
      execFileSync(python, ['-c', `import ${['sys', ...modules].join(', ')}`], { stdio: 'ignore' });
      return python;
    } catch {
      // The next one may have them.
    }
  }
  return null;
}
