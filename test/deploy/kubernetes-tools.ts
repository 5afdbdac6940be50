// helm, kubeconform and the schemas of Kubernetes' objects, for tests of the chart: on the path or where
// scripts/install-deploy-tools.sh puts them; absent on many machines, and then said so.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { repository } from '../commands/repository.js';
import { programNamed, toolCache } from '../programs.js';

const kubernetesVersion = '1.37.0';
const schemaFolder = join(toolCache, `kubernetes-schemas-${kubernetesVersion}`);

/** The schema of compose files. */
export const composeSchema = join(toolCache, 'vendor-schemas-0.39.0', 'compose-spec.json');

export const chart = join(repository, 'deploy', 'chart');

/** Why a test is skipped that needs these; false = all are there. */
export function missingTools(...names: ('helm' | 'kubeconform' | 'schemas' | 'compose schema')[]): string | false {
  const absent = names.filter((name) =>
    name === 'schemas'
      ? !existsSync(schemaFolder)
      : name === 'compose schema'
        ? !existsSync(composeSchema)
        : programNamed(name) === null,
  );
  return absent.length === 0 ? false : `${absent.join(', ')}: not here (scripts/install-deploy-tools.sh)`;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, words: readonly string[], input = ''): Promise<Output> {
  return new Promise((resolve) => {
    const child = execFile(program, [...words], { timeout: 60_000, maxBuffer: 32 << 20 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

/** Values of a chart: files of the chart's folder first, then these. */
export interface Values {
  readonly files?: readonly string[];
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Run helm with these values; `words` are `lint PATH` or `template NAME PATH`. */
export async function helm(words: readonly string[], { files = [], values = {} }: Values = {}): Promise<Output> {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-values-'));
  try {
    const own = join(folder, 'values.json');
    writeFileSync(own, JSON.stringify(values));
    const output = await run(programNamed('helm') as string, [
      ...words,
      '--kube-version',
      kubernetesVersion,
      ...[...files.map((file) => join(chart, file)), own].flatMap((file) => ['-f', file]),
    ]);
    // The chart's files/ are links to where alerts, dashboard and script are kept; helm says so each time.
    return {
      ...output,
      stderr: output.stderr
        .split('\n')
        .filter((line) => !line.includes('found symbolic link in path'))
        .join('\n'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An object of Kubernetes, as far as tests look into it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // What a test looks for it names.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly [key: string]: any;
}

/** What the chart makes of these values. @throws Error with helm's words */
export async function rendered(
  values: Values = {},
  path = chart,
): Promise<{ text: string; objects: KubernetesObject[] }> {
  const { code, stdout, stderr } = await helm(['template', 'demo', path, '--namespace', 'softimax-eiger'], values);
  if (code !== 0) throw new Error(stderr);
  return { text: stdout, objects: objectsOf(stdout) };
}

/** The objects of a YAML file. */
export function objectsOf(text: string): KubernetesObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/**
 * A folder of schemas for kubeconform that know no key but those of Kubernetes, each whole in its file. Removed with
 * the test.
 */
export function schemas(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-schemas-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const whole = (name: string): string =>
    readFileSync(join(schemaFolder, name), 'utf8').replaceAll('/api/_definitions.json#', '#');
  const { $defs } = JSON.parse(whole('_definitions.json')) as { $defs: Record<string, unknown> };
  const kinds =
    /^(?:configmap|service|serviceaccount|deployment-apps|statefulset-apps|daemonset-apps|job-batch|ingress-networking|networkpolicy-networking|poddisruptionbudget-policy)-v1\.json$/;
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(schemaFolder).filter((file) => kinds.test(file))) {
    const { $id: _, ...schema } = JSON.parse(whole(name)) as Record<string, unknown>;
    writeFileSync(join(folder, name), JSON.stringify({ ...schema, $defs }));
  }
  return folder;
}

/**
 * What kubeconform finds wrong with these objects; kinds of the Prometheus operator are left to others. Empty =
 * nothing.
 */
export async function wrongObjects(text: string, folder: string): Promise<string[]> {
  const { code, stdout, stderr } = await run(
    programNamed('kubeconform') as string,
    [
      '-strict',
      '-output',
      'json',
      '-skip',
      'PodMonitor,PrometheusRule',
      '-schema-location',
      `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`,
    ],
    text,
  );
  const { resources = [] } = JSON.parse(stdout || '{}') as {
    resources?: { kind: string; name: string; msg: string }[];
  };
  const found = resources.map(({ kind, name, msg }) => `${kind} ${name}: ${msg.replace(/^.* - at /s, '')}`);
  return code === 0 || found.length > 0 ? found : [`kubeconform: ${stderr || stdout}`];
}
