// Images built and processes run as a container engine would, with nothing but the kernel: overlay file systems over
// the root of this machine (which stands for the base image), namespaces, chroot, setpriv. For the tests of deploy/,
// where no engine is at hand; needs root. Nothing leaves the network namespaces that it makes.

import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { without } from '../programs.js';
import { Process } from '../threads/process.js';
import { until } from '../threads/waiting.js';
import type { ImageSettings, Stage, Step } from './dockerfile.js';

/** What a base image has of this machine's root; the rest is hidden from builds and containers. */
const baseFolders = new Set([
  'bin',
  'sbin',
  'lib',
  'lib32',
  'lib64',
  'libx32',
  'etc',
  'usr',
  'var',
  'dev',
  'proc',
  'sys',
  'run',
  'opt',
  'srv',
  'mnt',
  'media',
]);
const emptyFolders = ['root', 'home', 'tmp'];

/** Layers lie here: overlay file systems refuse layers one of which lies within another, and the root is one. */
const layerFolder = '/dev/shm';

/** Files of an image: overlay layers, the newest first, and what it says of its process. */
export interface Image {
  readonly layers: readonly string[];
  readonly settings: ImageSettings;
}

/** Why containers cannot be made here; false = they can. */
export async function noContainers(): Promise<string | false> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'containers without an engine need Linux and root';
  if (!existsSync(layerFolder)) return `containers without an engine need ${layerFolder}`;
  const absent = without('unshare', 'setpriv', 'nsenter', 'mknod', 'mount', 'ip');
  if (absent !== false) return `containers without an engine: ${absent}`;
  const folder = mkdtempSync(join(layerFolder, 'vdcu-overlay-'));
  for (const name of ['up', 'other', 'work', 'root']) mkdirSync(join(folder, name));
  try {
    await promisify(execFile)('unshare', [
      '--mount',
      '--pid',
      '--fork',
      '--net',
      'sh',
      '-c',
      `cd ${folder} && mount -t overlay overlay -o lowerdir=other:/,upperdir=up,workdir=work root && setpriv ` +
        '--bounding-set=-all ip link',
    ]);
    return false;
  } catch (error) {
    return (
      'containers without an engine need overlay file systems, namespaces and setpriv: ' +
      `${(error as Error).message.split('\n').at(-2)}`
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Carry out the steps of the stages; the last one is the image.
 * @returns the image, and what the steps printed; its files are removed with the test
 * @throws Error with the end of that when a step fails
 */
export async function build(
  t: Test,
  stages: readonly Stage[],
  context: string,
): Promise<{ image: Image; output: string }> {
  const folders = new Map(stages.map(({ name }) => [name, layer(t)]));
  const layersOf = new Map<string, string[]>();
  for (const { name, base } of stages)
    layersOf.set(name, [join(folders.get(name) as string, 'up'), ...(layersOf.get(base) ?? ['/'])]);
  // As an engine does: a stage begins when those that it builds on are there.
  const built = new Map<string, Promise<string>>();
  for (const stage of stages) {
    const needed = [
      stage.base,
      ...stage.steps.flatMap((step) => (step.kind === 'copy' && step.from !== null ? [step.from] : [])),
    ];
    built.set(
      stage.name,
      Promise.all(needed.flatMap((name) => built.get(name) ?? [])).then(() =>
        buildStage(stage, folders.get(stage.name) as string, context, layersOf),
      ),
    );
  }
  const output = (await Promise.all(built.values())).join('');
  const last = stages.at(-1);
  if (last === undefined) throw new Error('no stage');
  return { image: { layers: layersOf.get(last.name) as string[], settings: last.image }, output };
}

/** @returns what its steps printed */
async function buildStage(
  stage: Stage,
  folder: string,
  context: string,
  layersOf: ReadonlyMap<string, string[]>,
): Promise<string> {
  const steps = stage.steps.map((step) => (step.kind === 'run' ? runStep(step) : copyStep(step, context, layersOf)));
  const script = [
    'set -e',
    mount(folder, layersOf.get(stage.name) as string[]),
    ...emptyFolders.map((name) => `mkdir -p root/${name}`),
    ...steps,
  ].join('\n');
  try {
    const { stdout, stderr } = await promisify(execFile)(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script],
      { cwd: folder, maxBuffer: 64 << 20, env: { PATH: defaultPath }, timeout: 300_000 },
    );
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(
      `stage ${stage.name}: ` +
        `${(error as Error).message.split('\n')[0]}\n${`${stdout ?? ''}${stderr ?? ''}`.slice(-3000)}`,
      { cause: error },
    );
  }
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function layer(t: Test): string {
  const folder = mkdtempSync(join(layerFolder, 'vdcu-layer-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['up', 'work', 'root', 'from']) mkdirSync(join(folder, name));
  // What is no part of a base image is hidden by whiteouts: character devices 0/0 in the upper layer.
  for (const name of readdirSync('/'))
    if (!baseFolders.has(name)) execFileSync('mknod', [join(folder, 'up', name), 'c', '0', '0']);
  return folder;
}

/** Shell: the layers mounted as ./root, with devices, processes and a private /tmp. */
function mount(folder: string, layers: readonly string[]): string {
  const [up, ...lower] = layers;
  return `cd ${folder}
mount -t overlay overlay -o lowerdir=${lower.join(':')},upperdir=${up},workdir=work root
mount -t proc proc root/proc
mount --rbind /dev root/dev`;
}

function copyStep(
  { from, sources, target }: Step & { kind: 'copy' },
  context: string,
  layersOf: ReadonlyMap<string, string[]>,
): string {
  const whole = from === null ? null : layersOf.get(from);
  if (whole === undefined) throw new Error(`COPY --from=${from}: no such stage before`);
  const origin = whole === null ? context : './from';
  const folder = sources.length > 1 || target.endsWith('/');
  return [
    ...(whole === null ? [] : [`mount -t overlay overlay -o lowerdir=${whole.join(':')} from`]),
    `mkdir -p ${quoted(`root${folder ? target : target.replace(/\/[^/]*$/, '')}`)}`,
    ...sources.map((source) => {
      const path = quoted(`${origin}/${source}`);
      // A folder's content is copied, a file goes into a folder or takes the name.
      return (
        `if [ -d ${path} ]; then mkdir -p ${quoted(`root${target}`)}; cp -r --preserve=mode,links ${path}/. ` +
        `${quoted(`root${target}`)}/; else cp --preserve=mode ${path} ${quoted(`root${target}`)}; fi`
      );
    }),
    ...(whole === null ? [] : ['umount from']),
  ].join('\n');
}

function runStep({ command, folder, environment, mounts }: Step & { kind: 'run' }): string {
  // Caches and secrets are those of whoever runs the test; a secret may be missing, as it may for an engine.
  const own: Readonly<Record<string, string>> = {
    '/root/.npm': join(homedir(), '.npm'),
    '/root/.npmrc': join(homedir(), '.npmrc'),
  };
  const bound = mounts.filter(({ target }) => existsSync(own[target] ?? ''));
  const passed = Object.entries(process.env).filter(([name]) =>
    /^(?:https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_registry)$/i.test(name),
  ) as [string, string][];
  const assignments = Object.entries({
    ...Object.fromEntries(passed),
    PATH: defaultPath,
    HOME: '/root',
    ...environment,
  }).map(([name, value]) => quoted(`${name}=${value}`));
  return [
    ...bound.map(
      ({ target, type }) =>
        `mkdir -p root/root; ${type === 'cache' ? 'mkdir -p' : 'touch'} root${target}; mount --bind ` +
        `${quoted(own[target])} root${target}`,
    ),
    `mkdir -p root${folder}`,
    `chroot root env -i -C ${folder} ${assignments.join(' ')} /bin/sh -c ${quoted(command)} < /dev/null`,
    ...bound.map(({ target }) => `umount root${target}`),
  ].join('\n');
}

/** How a container is run; as `docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges --tmpfs /tmp`. */
export interface ContainerOptions {
  readonly command?: readonly string[];
  /** Folders or files of this machine, read-only, by their place in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** The network of this container instead of one of its own. */
  readonly networkOf?: Container;
  /** uid:gid; default that of the image. */
  readonly user?: string;
  /** Capabilities that are not dropped, as `net_admin`. */
  readonly capabilities?: readonly string[];
}

/** A running container. Killed with its test. */
export class Container extends Process {
  readonly #image: Image;
  readonly #options: ContainerOptions;

  constructor(t: Test, image: Image, options: ContainerOptions) {
    const folder = layer(t);
    writeFileSync(join(folder, 'start'), startScript(folder, image, options));
    const own = [
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      ...(options.networkOf === undefined ? ['--net'] : []),
    ];
    const [program = '', ...words] = [
      ...(options.networkOf === undefined ? [] : ['nsenter', `--net=/proc/${options.networkOf.pid()}/ns/net`]),
      ...own,
      'sh',
      join(folder, 'start'),
    ];
    const child = spawn(program, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: defaultPath } });
    super(child);
    this.#image = image;
    this.#options = options;
    t.teardown(async () => {
      // The first process of a namespace takes all others along; unshare alone would leave one that has changed its
      // user.
      if (child.exitCode === null && child.signalCode === null && !this.signal('SIGKILL')) child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** The process id of the container's first process, outside. */
  pid(): number {
    // unshare waits for its only child, which became the command.
    const waiting = this.child.pid as number;
    return Number(readFileSync(`/proc/${waiting}/task/${waiting}/children`, 'utf8').trim().split(' ').at(0));
  }

  /** Send it to the first process. @returns whether there is one */
  signal(name: NodeJS.Signals): boolean {
    const pid = this.pid();
    // None yet, or none any more: 0 would be every process of this group.
    return pid > 0 && process.kill(pid, name);
  }

  /** Run this in the container, as `docker exec`. */
  async exec(command: readonly string[]): Promise<{ code: number; output: string }> {
    const [program = '', ...words] = [
      'nsenter',
      `--target=${this.pid()}`,
      '--mount',
      '--pid',
      '--net',
      '--root',
      '--wd=/',
      ...privileges(this.#image, this.#options),
      ...environment(this.#image, this.#options),
      ...command,
    ];
    return new Promise((resolve) => {
      execFile(program, words, { timeout: 30_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
      );
    });
  }

  /** Wait until the health check of the image says that all is well. */
  async healthy(check: readonly string[] = this.#image.settings.health ?? []): Promise<void> {
    await until(
      async () => {
        if (this.child.exitCode !== null) throw new Error(`the container has ended: ${this.stdout}${this.stderr}`);
        return existsSync(`/proc/${this.pid()}/root/proc/1`) && (await this.exec(check)).code === 0;
      },
      'a healthy container',
      40_000,
    );
  }
}

/** Shell: everything mounted, the root read-only, and then the command as process 1. */
function startScript(folder: string, image: Image, options: ContainerOptions): string {
  const command = options.command ?? [...(image.settings.entrypoint ?? []), ...(image.settings.command ?? [])];
  const mounts = Object.entries(options.mounts ?? {});
  return `set -e
${mount(folder, [join(folder, 'up'), ...image.layers])}
mount -t sysfs sysfs root/sys
${emptyFolders.map((name) => `mkdir -p root/${name}`).join('\n')}
${mounts.map(([target, source]) => bindMount(target, source)).join('\n')}
mount -o remount,ro root
mount -t tmpfs -o mode=1777 tmpfs root/tmp
ip link set lo up
exec chroot root ${[...privileges(image, options), ...environment(image, options), ...command].map(quoted).join(' ')}
`;
}

function privileges({ settings }: Image, options: ContainerOptions): string[] {
  const [user = '0', group = user] = (options.user ?? settings.user ?? '0:0').split(':');
  const kept = (options.capabilities ?? []).map((name) => `,+${name}`).join('');
  return [
    'setpriv',
    `--reuid=${user}`,
    `--regid=${group}`,
    '--clear-groups',
    '--inh-caps=-all',
    `--bounding-set=-all${kept}`,
    '--no-new-privs',
  ];
}

function environment({ settings }: Image, options: ContainerOptions): string[] {
  const all = { PATH: defaultPath, HOME: '/', ...settings.environment, ...options.environment };
  return ['env', '-i', '-C', settings.folder, ...Object.entries(all).map(([name, value]) => `${name}=${value}`)];
}

/** The commands that show a file or folder of the host at `target`, to be read only. */
function bindMount(target: string, source: string): string {
  const make = `mkdir -p root$(dirname ${quoted(target)}); ${statSync(source).isDirectory() ? 'mkdir -p' : 'touch'}`;
  return (
    `${make} root${target}; mount --bind ${quoted(source)} root${target}; ` + `mount -o remount,ro,bind root${target}`
  );
}

/** One word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
