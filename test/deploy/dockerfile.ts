// A Dockerfile as the stages and steps that it means, for tests that carry them out without a container engine
// (container.ts): arguments filled in, the context cut down by .dockerignore, and at the end what the image says of its
// process.

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, relative } from 'node:path';
import { createRequire } from 'node:module';
import type dockerIgnoreModule from '@balena/dockerignore';
import { DockerfileParser } from 'dockerfile-ast';
import type { Instruction } from 'dockerfile-ast';
import type { Test } from 'tap';

// Its types say `export default`, its code does not.
const dockerIgnore = createRequire(import.meta.url)(
  '@balena/dockerignore',
) as unknown as (typeof dockerIgnoreModule)['default'];

/** A step that changes files. Paths in the image are absolute. */
export type Step =
  | {
      readonly kind: 'copy';
      readonly from: string | null;
      readonly sources: readonly string[];
      readonly target: string;
    }
  | {
      readonly kind: 'run';
      readonly command: string;
      readonly folder: string;
      readonly environment: Readonly<Record<string, string>>;
      readonly mounts: readonly BuildMount[];
    };

/** `RUN --mount`: a cache, or a secret that may be missing. */
export interface BuildMount {
  readonly type: string;
  readonly target: string;
  readonly id: string | null;
}

export interface Stage {
  readonly name: string;
  /** A stage before, or the name of a base image. */
  readonly base: string;
  readonly steps: readonly Step[];
  readonly image: ImageSettings;
}

/** What the image says of the process that is started from it. */
export interface ImageSettings {
  environment: Record<string, string>;
  labels: Record<string, string>;
  user: string | null;
  folder: string;
  command: string[] | null;
  entrypoint: string[] | null;
  health: string[] | null;
  stopSignal: string | null;
}

/**
 * The stages of a Dockerfile, in order.
 * @param buildArguments as of `docker build --build-arg`
 * @throws Error for an instruction that is not understood here
 */
export function stagesOf(text: string, buildArguments: Readonly<Record<string, string>> = {}): Stage[] {
  const outside: Record<string, string> = {};
  const stages: Stage[] = [];
  let scope: Record<string, string> = outside;
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    const content = instruction.getArgumentsContent() ?? '';
    if (keyword === 'ARG') {
      const [name = '', fallback] = splitPair(content);
      const value = buildArguments[name] ?? (fallback === undefined ? outside[name] : fill(fallback, scope));
      if (value !== undefined) scope[name] = value;
      continue;
    }
    if (keyword === 'FROM') {
      const [base = '', , name = String(stages.length)] = words(fill(content, outside));
      const before = stages.find((stage) => stage.name === base)?.image;
      stages.push({
        name,
        base,
        steps: [],
        image: structuredClone(before) ?? {
          environment: {},
          labels: {},
          user: null,
          folder: '/',
          command: null,
          entrypoint: null,
          health: null,
          stopSignal: null,
        },
      });
      scope = {};
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${keyword} before FROM`);
    addTo(stage, instruction, { ...scope, ...stage.image.environment });
  }
  return stages;
}

function addTo(stage: Stage, instruction: Instruction, known: Readonly<Record<string, string>>): void {
  const { image } = stage;
  const steps = stage.steps as Step[];
  const content = instruction.getArgumentsContent() ?? '';
  const keyword = instruction.getKeyword();
  const absolute = (path: string): string => posix.resolve(image.folder, path) + (path.endsWith('/') ? '/' : '');
  switch (keyword) {
    case 'WORKDIR':
      image.folder = absolute(fill(content, known));
      return;
    case 'USER':
      image.user = fill(content, known);
      return;
    case 'STOPSIGNAL':
      image.stopSignal = content;
      return;
    case 'EXPOSE':
      return;
    case 'ENV':
      Object.assign(image.environment, pairs(instruction, known));
      return;
    case 'LABEL':
      Object.assign(image.labels, pairs(instruction, known));
      return;
    case 'CMD':
      image.command = JSON.parse(content) as string[];
      return;
    case 'ENTRYPOINT':
      image.entrypoint = JSON.parse(content) as string[];
      return;
    case 'HEALTHCHECK':
      image.health = JSON.parse(content.replace(/^CMD\s+/, '')) as string[];
      return;
    case 'COPY': {
      const named = words(fill(content, known));
      steps.push({
        kind: 'copy',
        from: flagsOf(instruction).find(({ name }) => name === 'from')?.value ?? null,
        sources: named.slice(0, -1),
        target: absolute(named.at(-1) ?? ''),
      });
      return;
    }
    case 'RUN': {
      const mounts = flagsOf(instruction)
        .filter(({ name }) => name === 'mount')
        .map(({ value }) => Object.fromEntries(value.split(',').map(splitPair)) as Record<string, string>);
      steps.push({
        kind: 'run',
        command: content.replaceAll('\\\n', ' '),
        folder: image.folder,
        environment: { ...known },
        mounts: mounts.map(({ type = '', target = '', id }) => ({ type, target, id: id ?? null })),
      });
      return;
    }
    default:
      throw new Error(`${keyword}: not understood by this test`);
  }
}

function flagsOf(instruction: Instruction): { name: string; value: string }[] {
  const flags =
    'getFlags' in instruction
      ? (instruction as unknown as { getFlags(): { getName(): string; getValue(): string | null }[] }).getFlags()
      : [];
  return flags.map((flag) => ({ name: flag.getName(), value: flag.getValue() ?? '' }));
}

function pairs(instruction: Instruction, known: Readonly<Record<string, string>>): Record<string, string> {
  const properties = (
    instruction as unknown as { getProperties(): { getName(): string; getValue(): string | null }[] }
  ).getProperties();
  return Object.fromEntries(properties.map((property) => [property.getName(), fill(property.getValue() ?? '', known)]));
}

function splitPair(text: string): [string, string?] {
  const at = text.indexOf('=');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

function fill(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(
    /\$\{(\w+)\}|\$(\w+)/g,
    (_, braced?: string, plain?: string) => known[braced ?? plain ?? ''] ?? '',
  );
}

/**
 * A copy of the build context as an engine would be given it: without what .dockerignore leaves out. Removed with the
 * test.
 */
export function contextOf(t: Test, folder: string): string {
  const patterns = readFileSync(join(folder, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const ignored = dockerIgnore().add(patterns);
  const copy = mkdtempSync(join(tmpdir(), 'vdcu-context-'));
  t.teardown(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(folder, copy, {
    recursive: true,
    filter: (source) => {
      const path = relative(folder, source);
      return (
        path === '' ||
        !ignored.ignores(path) ||
        (statSync(source).isDirectory() && patterns.some((pattern) => pattern.startsWith(`!${path}/`)))
      );
    },
  });
  return copy;
}

/** Sources of COPY that the context does not have. */
export function missingSources(stages: readonly Stage[], context: string): string[] {
  return stages
    .flatMap(({ steps }) => steps.flatMap((step) => (step.kind === 'copy' && step.from === null ? step.sources : [])))
    .filter((source) => !existsSync(join(context, source)));
}
