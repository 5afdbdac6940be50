// Every other file of deploy/: YAML as yamllint wants it, scripts as shellcheck does, compose.yaml and the DaemonSet by
// their schemas, and the snippet for an umbrella chart rendered in one. The unit of systemd: systemd.test.ts.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { recordingsBytes } from '../../src/flight/folder.js';
import { repository, vdcu } from '../commands/repository.js';
import { without } from '../programs.js';
import { run, temporary } from './programs-here.js';
import { chart, composeSchema, missingTools, objectsOf, rendered, schemas, wrongObjects } from './kubernetes-tools.js';

const deploy = join(repository, 'deploy');
const read = (...path: string[]): string => readFileSync(join(deploy, ...path), 'utf8');

t.test('yamllint has nothing to say of any YAML file', { skip: without('yamllint') }, async (t) => {
  t.strictSame(await run('yamllint', ['--strict', 'deploy', 'examples', '.yamllint.yaml']), { code: 0, output: '' });
  const file = join(temporary(t), 'wrong.yaml');
  writeFileSync(file, 'a: 1\na: 2\n');
  t.match(
    await run('yamllint', ['--strict', '-c', '.yamllint.yaml', file]),
    { code: 1, output: /duplication of key/ },
    'and it would have said so',
  );
});

t.test('shellcheck has nothing to say of any script', { skip: without('shellcheck') }, async (t) => {
  const scripts = readdirSync(deploy, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sh'))
    .map((name) => join('deploy', name));
  t.ok(scripts.length >= 2);
  t.strictSame(
    await run('shellcheck', [
      '--severity=warning',
      '.ci/run',
      '.ci/on-each-node',
      '.ci/tests-with-programs',
      '.ci/without-programs',
      'scripts/install-deploy-tools.sh',
      'scripts/install-python-clients.sh',
      ...scripts,
    ]),
    { code: 0, output: '' },
  );
});

t.test(
  'compose.yaml is as the specification of compose has it',
  { skip: missingTools('compose schema') },
  async (t) => {
    const valid = new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync(composeSchema, 'utf8')) as object,
    );
    const compose = parse(read('compose.yaml'), { merge: true }) as {
      services: Record<string, Record<string, unknown>>;
    };
    t.ok(valid(compose), JSON.stringify(valid.errors));
    t.notOk(
      valid({ ...compose, services: { ...compose.services, service: { ...compose.services['service'], comand: [] } } }),
      'an unknown key would have been found',
    );
    for (const [name, service] of Object.entries(compose.services)) {
      for (const volume of (service['volumes'] ?? []) as string[]) {
        const [source = '', , mode] = volume.split(':');
        t.doesNotThrow(() => readdirSync(join(deploy, source.replace(/[^/]*\.json$/, ''))), `${name}: ${source}`);
        t.equal(mode, 'ro');
      }
    }
  },
);

t.test('the configurations of Prometheus and Grafana are those of compose.yaml', async (t) => {
  const { services } = parse(read('compose.yaml'), { merge: true }) as {
    services: Record<string, { volumes: string[] }>;
  };
  const { scrape_configs: jobs, rule_files: rules } = parse(read('prometheus', 'prometheus.yaml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
    rule_files: string[];
  };
  t.ok(Object.hasOwn(services, (jobs[0]?.static_configs[0]?.targets[0] ?? '').split(':')[0] ?? ''));
  t.strictSame(rules, ['alerts.yaml']);
  const { providers } = parse(read('grafana', 'provisioning', 'dashboards', 'virtual-dcu.yaml')) as {
    providers: { options: { path: string } }[];
  };
  t.ok(
    services['grafana']?.volumes.some((volume) =>
      volume.startsWith(`./grafana/dashboard.json:${providers[0]?.options.path}/`),
    ),
  );
});

t.test('promtool accepts the configuration of Prometheus', { skip: without('promtool') }, async (t) => {
  t.match(await run('promtool', ['check', 'config', 'deploy/prometheus/prometheus.yaml']), {
    code: 0,
    output: /SUCCESS/,
  });
});

t.test('the detector of the rehearsal in containers is one', async (t) => {
  t.match(await vdcu('run', 'deploy/rehearsal/detectors.yaml', 'rehearsal', '--check'), { code: 0 });
});

t.test(
  "the DaemonSet that tunes nodes is as Kubernetes' schemas have it",
  { skip: missingTools('kubeconform', 'schemas') },
  async (t) => {
    t.strictSame(await wrongObjects(read('node-tuning', 'daemonset.yaml'), schemas(t)), []);
  },
);

t.test('tune-node.sh says what it did and what it could not do', async (t) => {
  const [daemonSet] = objectsOf(read('node-tuning', 'daemonset.yaml'));
  t.match(daemonSet?.['spec'].template.spec.initContainers[0].command[2], /tune-node\.sh/);
  // A value that every machine has already is left; an interface that no machine has is named.
  t.match(
    await run('sh', ['deploy/node-tuning/tune-node.sh'], {
      env: { RMEM_MAX: '1', BACKLOG: '1', INTERFACES: 'nosuch0' },
    }),
    {
      code: 0,
      output:
        /net\.core\.rmem_max: \d+, enough\nnet\.core\.netdev_max_backlog: \d+, enough\nnosuch0: this node has no such interface/,
    },
  );
});

t.test(
  'in a network namespace of its own tune-node.sh finds no sysctl of the node, and says so',
  { skip: process.getuid?.() === 0 ? without('unshare', 'mount', 'ip') : 'needs root' },
  async (t) => {
    const { code, output } = await run(
      'unshare',
      [
        '--net',
        '--mount',
        'sh',
        '-c',
        'mount -t sysfs sysfs /sys; ip link add detector0 type veth peer name other0; sh ' +
          'deploy/node-tuning/tune-node.sh',
      ],
      { env: { INTERFACES: 'detector0', RMEM_MAX: '9999999999' } },
    );
    t.equal(code, 1);
    t.match(output, /^net\.core\.rmem_max: .*(?:does not have it|not permitted)/m);
    t.match(output, /^detector0(?: receive ring|: this node has no ethtool)/m);
  },
);

t.test(
  'the snippet for an umbrella chart renders in one, with a configuration that is accepted',
  { skip: missingTools('helm', 'kubeconform', 'schemas') },
  async (t) => {
    const folder = temporary(t);
    mkdirSync(join(folder, 'templates'));
    writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: daq\nversion: 0.0.1\n');
    writeFileSync(join(folder, 'values.yaml'), read('umbrella', 'values.yaml'));
    writeFileSync(join(folder, 'templates', '_virtual_dcu.tpl'), read('umbrella', '_virtual_dcu.tpl'));
    // A chart that does what is known of the site's: a named template, and text merged over it.
    writeFileSync(
      join(folder, 'templates', 'daq.yaml'),
      `
{{- $pipeline := mergeOverwrite (include .Values.daq.pipeline.template . | fromYaml) (fromYaml .Values.daq.pipeline.override) }}
apiVersion: v1
kind: ConfigMap
metadata: {name: daq}
data:
  {{- range $pipeline.configfiles }}
  {{ .name }}: {{ .content | quote }}
  {{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: daq}
spec:
  selector: {matchLabels: {app: daq}}
  template:
    metadata: {labels: {app: daq}}
    spec:
      terminationGracePeriodSeconds: {{ $pipeline.terminationGracePeriodSeconds }}
      containers:
        - name: daq
          env: {{ toJson $pipeline.extraEnv }}
          {{- omit $pipeline "configfiles" "extraEnv" "terminationGracePeriodSeconds" | toYaml | nindent 10 }}
`,
    );
    const { text, objects } = await rendered({}, folder);
    t.strictSame(await wrongObjects(text, schemas(t)), []);
    const [, , path = '', name = ''] = objects.find(({ kind }) => kind === 'Deployment')?.['spec'].template.spec
      .containers[0].command as string[];
    const content = objects.find(({ kind }) => kind === 'ConfigMap')?.['data'][path.split('/').at(-1) ?? ''] as string;
    t.match(parseConfig(content, path, name), { apiHost: '0.0.0.0', apiPort: 5000, dataPorts: [9999] });
  },
);

t.test('the values of the chart that are examples have only keys that the chart has', async (t) => {
  const known = Object.keys(parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as object);
  for (const file of ['values-softimax.yaml', 'values-scale-out.yaml'])
    t.strictSame(
      Object.keys(parse(readFileSync(join(chart, file), 'utf8')) as object).filter((key) => !known.includes(key)),
      [],
      file,
    );
});

t.test("the pod's folder has room for all recordings that are kept: it is never ended for want of it", async (t) => {
  const { flightRecorder } = parse(read('chart', 'values.yaml')) as { flightRecorder: { sizeLimit: string } };
  const [, mebibytes] = /^(\d+)Mi$/.exec(flightRecorder.sizeLimit) ?? [];
  t.ok(Number(mebibytes) * 2 ** 20 >= (4 / 3) * recordingsBytes, flightRecorder.sizeLimit);
  const example = read('chart', 'values-softimax.yaml');
  t.match(example, 'flight_recorder_dir: /var/lib/virtual-dcu');
  t.notMatch(example, 'sizeLimit', 'the example has the same');
});
