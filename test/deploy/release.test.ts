// What a release of the chart is beside others: rules and dashboard of its own, names that are not the receiver's, the
// receiver's half, the token as a file, and a pod that waits for the end of a series before it goes.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import t from 'tap';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { repository } from '../commands/repository.js';
import { without } from '../programs.js';
import { start } from '../threads/running.js';
import { chart, helm, missingTools, objectsOf, rendered } from './kubernetes-tools.js';
import type { KubernetesObject, Values } from './kubernetes-tools.js';
import { run, temporary } from './programs-here.js';
import { promtool } from './prometheus-tools.js';

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const skip = { skip: missingTools('helm') };
const read = (...path: string[]): string => readFileSync(join(repository, ...path), 'utf8');
const monitored = {
  metrics: { podMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboard: { enabled: true } },
};
const of = (objects: readonly KubernetesObject[], kind: string, ending = ''): KubernetesObject =>
  objects.find((object) => object.kind === kind && object.metadata.name.endsWith(ending)) as KubernetesObject;
const podOf = (objects: readonly KubernetesObject[]) =>
  (of(objects, 'Deployment') ?? of(objects, 'StatefulSet'))['spec'].template.spec;

async function release(
  name: string,
  namespace: string,
  { files = [], values = {} }: Values = {},
): Promise<KubernetesObject[]> {
  const { stdout, stderr, code } = await helm(['template', name, chart, '--namespace', namespace], { files, values });
  if (code !== 0) throw new Error(stderr);
  return objectsOf(stdout);
}

t.test("runbooks are read at the release's own address", skip, async (t) => {
  const urls = async (values: object): Promise<Map<string, string | undefined>> => {
    const { groups } = of(await release('a', 'ns-1', { values: { ...monitored, ...values } }), 'PrometheusRule')[
      'spec'
    ] as Rules;
    return new Map(
      groups.flatMap(({ rules }) => rules.map(({ alert, annotations }) => [alert, annotations['runbook_url']])),
    );
  };
  const plain = await urls({});
  t.equal(plain.get('VdcuRingFilling'), 'http://a-virtual-dcu.ns-1:5000/help/operating.md#ring-full');
  t.equal(plain.get('VdcuInstanceMissing'), 'http://a-virtual-dcu.ns-1:5000/help/operating.md#instance-missing');
  t.equal(plain.get('VdcuAbsent'), undefined, 'of a service that is not there nobody reads');
  const outside = { enabled: true, suffix: 'example.org' };
  t.equal(
    (await urls({ ingress: outside })).get('VdcuRingFilling'),
    'http://a-virtual-dcu.example.org/help/operating.md#ring-full',
  );
  const tls = [{ hosts: ['a-virtual-dcu.example.org'] }];
  t.match((await urls({ ingress: { ...outside, tls } })).get('VdcuRingFilling'), /^https:/);
});

t.test("rules ask for the release's own metrics only, and are those of the repository otherwise", skip, async (t) => {
  const { groups } = of(await release('a', 'ns-1', { values: monitored }), 'PrometheusRule')['spec'] as Rules;
  const scope = 'namespace="ns-1", detector="eiger"';
  const own = parse(read('deploy', 'prometheus', 'alerts.yaml')) as Rules;
  const bare = groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ({
      ...rule,
      expr: rule.expr.replaceAll(`{${scope}, `, '{').replaceAll(`{${scope}}`, ''),
    })),
  }));
  const withoutUrl = (given: Rules['groups']): object[] =>
    given.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, annotations: { ...rule.annotations, runbook_url: null } })),
    }));
  t.strictSame(withoutUrl(bare), withoutUrl(own.groups));
  let selectors = 0;
  for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
    parser.parse(expr).iterate({
      enter: ({ name, type, from, to }) => {
        t.notOk(type.isError, `${alert}: ${expr.slice(from, to)}`);
        if (name !== 'VectorSelector') return;
        selectors++;
        t.ok(expr.slice(from, to).includes(`{${scope}`), `${alert}: ${expr.slice(from, to)}`);
      },
    });
  }
  t.ok(selectors > 25);
});

t.test(
  'promtool accepts the rules of a release, of a detector whose name is that of a metric',
  { skip: missingTools('helm') || without('promtool') },
  async (t) => {
    const content =
      'vdcu_ready:\n  detector: eiger\n  quad: true\n  udp_ports: [1, 2]\n  data_host: 0.0.0.0\n  api_host: 0.0.0.0\n';
    const objects = await release('a', 'ns-1', {
      values: { ...monitored, configfiles: [{ name: 'a.yaml', content }], detector: 'vdcu_ready' },
    });
    const file = join(temporary(t), 'rules.json');
    writeFileSync(file, JSON.stringify(of(objects, 'PrometheusRule')['spec']));
    const { code, output } = await promtool(['check', 'rules', file]);
    t.equal(code, 0, output);
  },
);

t.test(
  'dashboards of two releases have a title, a uid and a detector of their own, and the same panels',
  skip,
  async (t) => {
    const boards = await Promise.all(
      [
        ['a', 'ns-1'],
        ['b', 'ns-1'],
        ['a', 'ns-2'],
      ].map(async ([name, namespace]) => {
        const data = of(await release(name, namespace, { values: monitored }), 'ConfigMap', '-dashboard')[
          'data'
        ] as Record<string, string>;
        t.equal(Object.keys(data).length, 1);
        return JSON.parse(Object.values(data)[0]) as {
          uid: string;
          title: string;
          panels: unknown;
          templating: { list: { name: string; query: { query: string } }[] };
        };
      }),
    );
    t.equal(new Set(boards.map(({ uid }) => uid)).size, 3);
    const file = JSON.parse(read('deploy', 'grafana', 'dashboard.json')) as (typeof boards)[0];
    for (const { uid, title, panels, templating } of boards) {
      t.ok(uid.length <= 40, 'Grafana takes 40 characters');
      t.equal(title, 'Virtual DCU: eiger');
      t.strictSame(panels, file.panels);
      t.equal(
        templating.list.find(({ name }) => name === 'detector')?.query.query,
        'label_values(vdcu_build_info{detector="eiger"}, detector)',
      );
    }
  },
);

t.test(
  "SoftiMAX's values take no name of the receiver's release, keep the stream in the cluster, and pull what never moves",
  skip,
  async (t) => {
    const objects = await release('softimax-eiger-vdcu', 'softimax-eiger', { files: ['values-softimax.yaml'] });
    for (const {
      kind,
      metadata: { name },
    } of objects)
      t.match(name, /^softimax-eiger-vdcu/, kind);
    t.notMatch(JSON.stringify(objects), /softimax-eiger-daq/);
    for (const {
      metadata: { name },
      ...service
    } of objects.filter(({ kind }) => kind === 'Service'))
      t.equal(service['spec'].type ?? 'ClusterIP', 'ClusterIP', name);
    const { spec } = of(objects, 'NetworkPolicy') as unknown as {
      spec: { ingress: { ports: { port: unknown }[]; from?: unknown[] }[] };
    };
    for (const { ports, from } of spec.ingress)
      t.ok((from?.length ?? 0) > 0, `somebody is named for ${JSON.stringify(ports)}`);
    const umbrella = /image: (.*)\nimagePullPolicy: (.*)/.exec(
      read('deploy', 'umbrella', '_virtual_dcu.tpl'),
    ) as RegExpExecArray;
    const [container] = podOf(objects).containers as [{ image: string; imagePullPolicy: string }];
    for (const [image, policy] of [[container.image, container.imagePullPolicy], umbrella.slice(1)]) {
      t.match(image, /:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/, 'a version or a digest');
      t.equal(policy, 'IfNotPresent');
    }
    const digest = `sha256:${'0a'.repeat(32)}`;
    const pinned = await release('a', 'b', { values: { image: { repository: 'r/v', tag: '1.2.3', digest } } });
    t.equal(podOf(pinned).containers[0].image, `r/v:1.2.3@${digest}`);
    for (const file of ['src/commands/status.ts', 'src/commands/doctor.ts', 'deploy/README.md'])
      t.notMatch(read(...file.split('/')), /(?:http:\/\/|--install )softimax-eiger-daq/, file);
  },
);

t.test(
  "the receiver's half is shown where ours is: class, host, port and connections fit the stream",
  skip,
  async (t) => {
    /** The chart's notes, which helm prints after an installation only. */
    const notes = async (values: Values): Promise<string> => {
      const copy = join(temporary(t), 'chart');
      cpSync(chart, copy, { recursive: true, dereference: true });
      writeFileSync(
        join(copy, 'templates', 'notes.yaml'),
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  notes: {{ include "virtual-dcu.notes" ' +
          '. | toJson }}\n',
      );
      const { objects } = await rendered(values, copy);
      return objects.find(({ metadata: { name } }) => name === 'notes')?.['data'].notes as string;
    };
    const halfOf = (text: string, name: string): Record<string, unknown> => {
      const lines = text.split('\n');
      const from = lines.findIndex((line) => line.trim() === `${name}:`);
      const to = lines.findIndex((line, index) => index > from && /^(?:```)?$/.test(line.trim()));
      return (parse(lines.slice(from, to).join('\n')) as Record<string, Record<string, unknown>>)[name];
    };
    const softimax = {
      class: 'Detector',
      dcu_host_purple: 'softimax-eiger-vdcu-zmq-egress.softimax-eiger',
      dcu_port_purple: 9999,
      nworkers: 1,
    };
    const objects = await release('softimax-eiger-vdcu', 'softimax-eiger', { files: ['values-softimax.yaml'] });
    const stream = of(objects, 'Service', '-zmq-egress');
    t.equal(`${stream.metadata.name}.softimax-eiger`, softimax.dcu_host_purple);
    t.equal(stream['spec'].ports[0].port, softimax.dcu_port_purple);
    const comment = read('deploy', 'chart', 'values-softimax.yaml').split(/^[^#]/m)[0].replace(/^# ?/gm, '');
    t.strictSame(halfOf(comment, 'softimax-eiger'), softimax, 'in the values');
    const { daq } = parse(read('deploy', 'umbrella', 'values-receiver.yaml')) as {
      daq: { pipeline: { template: string; override: string } };
    };
    t.equal(daq.pipeline.template, 'streaming_receiver');
    const {
      configfiles: [file],
    } = parse(daq.pipeline.override) as { configfiles: [{ content: string }] };
    t.match((parse(file.content) as { detector: object }).detector, softimax, 'in the umbrella chart');
    t.strictSame(halfOf(read('deploy', 'README.md'), 'softimax-eiger'), softimax, 'in deploy/README.md');
    const printed = await notes({ files: ['values-softimax.yaml'] });
    t.strictSame(halfOf(printed, 'softimax-eiger'), softimax, 'by helm');
    t.match(printed, /admit the level "privileged", because of the capabilities NET_ADMIN\.$/m);
    t.match(printed, /waits for the end of the series that runs, 300 s at most/);
    const shared = await notes({ files: ['values-scale-out.yaml'] });
    t.match(halfOf(shared, 'jungfrau'), {
      dcu_host_purple: [0, 1, 2, 3].map((index) => `demo-virtual-dcu-zmq-egress-${index}.softimax-eiger`),
      dcu_port_purple: [9999, 9999, 9999, 9999],
    });

    const client =
      'eiger: {receiver_ports: [1954, 1955], receiver_host: 0.0.0.0, data_host: 0.0.0.0, api_host: 0.0.0.0}';
    const driven = await notes({ values: { configfiles: [{ name: 'a.yaml', content: client }] } });
    t.match(driven, /rx_hostname demo-virtual-dcu-receivers\.[\w-]+:1954\+demo-virtual-dcu-receivers\.[\w-]+:1955\+\n/);
    t.match(driven, /series are armed/);
    t.notMatch(driven, /Live viewers/);

    const {
      configfiles: [scaledOut],
    } = parse(read('deploy', 'chart', 'values-scale-out.yaml')) as { configfiles: [{ name: string; content: string }] };
    const twoSockets = { ...scaledOut, content: `${scaledOut.content}  data_port: [9999, 9998]\n` };
    const sockets = await notes({ files: ['values-scale-out.yaml'], values: { configfiles: [twoSockets] } });
    t.match(halfOf(sockets, 'jungfrau'), {
      dcu_host_purple: [0, 0, 1, 1, 2, 2, 3, 3].map((index) => `demo-virtual-dcu-zmq-egress-${index}.softimax-eiger`),
      dcu_port_purple: [9999, 9998, 9999, 9998, 9999, 9998, 9999, 9998],
    });

    const shown = { ...scaledOut, content: `${scaledOut.content}  preview: {port: 9997}\n` };
    const viewers = await notes({ files: ['values-scale-out.yaml'], values: { configfiles: [shown] } });
    t.strictSame(
      [...viewers.matchAll(/^ {2}tcp:\/\/(.*)$/gm)].map(([, where]) => where),
      [0, 1, 2, 3].map((index) => `demo-virtual-dcu-preview-${index}.softimax-eiger:9997`),
    );

    const plain = await notes({});
    t.match(plain, /admit the level "restricted"\.$/m);
    t.match(plain, /series are armed, and each request names its file/);
    const sysctls = [
      { name: 'net.ipv4.tcp_wmem', value: '1' },
      { name: 'net.netfilter.nf_conntrack_tcp_timeout_close_wait', value: '3600' },
    ];
    t.match(
      await notes({ values: { sysctls, waitForSeriesSeconds: 0 } }),
      /A SERIES THAT RUNS IS CUT SHORT[^]*level "privileged", because of the unsafe sysctls net\.netfilter\.nf_conntrack_tcp_timeout_close_wait, which the kubelet must allow/,
    );
    const auto = (more: string) => ({
      values: {
        configfiles: [
          {
            name: 'a.yaml',
            content:
              'eiger:\n  detector: eiger\n  quad: true\n  udp_ports: [1, 2]\n  data_host: 0.0.0.0\n  api_host: ' +
              `0.0.0.0\n${more}`,
          },
        ],
      },
    });
    t.match(await notes(auto('')), /Files: NONE\. Series are automatic and have no name: set auto_filename/);
    t.match(
      await notes(auto('  auto_filename: /data/{date}_{series}.h5\n')),
      /the receiver writes \/data\/\{date\}_\{series\}\.h5\./,
    );
  },
);

t.test('series are armed wherever files are wanted: chart, its examples, umbrella, README', skip, async (t) => {
  const configs: [string, string, string][] = [];
  for (const files of [[], ['values-softimax.yaml'], ['values-scale-out.yaml']]) {
    const objects = await release('a', 'b', { files });
    const [, , path, name] = podOf(objects).containers[0].command as [string, string, string, string];
    configs.push([
      files[0] ?? 'values.yaml',
      of(objects, 'ConfigMap')['data'][path.split('/').at(-1) as string] as string,
      name,
    ]);
  }
  const { daq } = parse(read('deploy', 'umbrella', 'values.yaml')) as { daq: { pipeline: { override: string } } };
  configs.push([
    'umbrella',
    (parse(daq.pipeline.override) as { configfiles: [{ content: string }] }).configfiles[0].content,
    'detector',
  ]);
  const [, first = ''] = /```yaml\n([^`]*)```/.exec(read('README.md')) as RegExpExecArray;
  configs.push(['README.md', first, 'softimax-eiger']);
  for (const [where, text, name] of configs) t.equal(parseConfig(text, where, name).series, 'armed', where);
});

t.test('the http Service has the pod while it is not ready', skip, async (t) => {
  for (const {
    metadata: { name },
    ...service
  } of (await release('a', 'b')).filter(({ kind }) => kind === 'Service'))
    t.equal(service['spec'].publishNotReadyAddresses, true, name);
});

t.test(
  'the token is a file, for the service and for who rehearses; what else a pod can have comes through',
  skip,
  async (t) => {
    const objects = await release('a', 'b', {
      values: {
        apiToken: { secretName: 'vdcu-token', key: 'tok' },
        rehearsal: { enabled: true },
        extraEnvFrom: [{ configMapRef: { name: 'site' } }],
        extraVolumes: [{ name: 'site', emptyDir: {} }],
        extraVolumeMounts: [{ name: 'site', mountPath: '/site' }],
        extraInitContainers: [{ name: 'before', image: 'i' }],
        extraContainers: [{ name: 'beside', image: 'i' }],
      },
    });
    for (const { containers, volumes } of [podOf(objects), of(objects, 'Job')['spec'].template.spec]) {
      const asking = containers.find(({ env }: { env?: { name: string }[] }) =>
        env?.some(({ name }) => name === 'VDCU_API_TOKEN_FILE'),
      );
      const path = asking.env.find(({ name }: { name: string }) => name === 'VDCU_API_TOKEN_FILE').value as string;
      const mount = asking.volumeMounts.find(({ mountPath }: { mountPath: string }) =>
        path.startsWith(`${mountPath}/`),
      );
      const { secret } = volumes.find(({ name }: { name: string }) => name === mount.name);
      t.strictSame(secret, {
        secretName: 'vdcu-token',
        defaultMode: 0o440,
        items: [{ key: 'tok', path: path.split('/').at(-1) }],
      });
      t.notMatch(JSON.stringify(containers), /secretKeyRef/);
    }
    const pod = podOf(objects);
    t.match(pod, {
      initContainers: [{ name: 'before' }],
      containers: [{ envFrom: [{ configMapRef: { name: 'site' } }] }, { name: 'beside' }],
    });
    t.ok(
      pod.volumes.some(({ name }: { name: string }) => name === 'site') &&
        pod.containers[0].volumeMounts.some(({ mountPath }: { mountPath: string }) => mountPath === '/site'),
    );
  },
);

t.test(
  'before it goes the pod waits for the end of the series that runs, and for nothing else',
  { skip: missingTools('helm') || without('sh') },
  async (t) => {
    const hookOf = async (values: Record<string, unknown>): Promise<string[] | undefined> =>
      podOf(await release('a', 'b', { values })).containers[0].lifecycle?.preStop.exec.command;
    t.equal(await hookOf({ waitForSeriesSeconds: 0 }), undefined);
    const running = await start(t);
    const bin = temporary(t);
    writeFileSync(
      join(bin, 'vdcu'),
      `#!/bin/sh\nexec "${process.execPath}" "${join(repository, 'dist', 'src', 'main.js')}" "$@"\n`,
      { mode: 0o755 },
    );
    const [shell, flag, script] = (await hookOf({ waitForSeriesSeconds: 60 })) as [string, string, string];
    const wait = async (url: string): Promise<number> =>
      (
        await run(shell, [flag, script.replace('http://127.0.0.1:5000', url)], {
          env: { PATH: `${bin}:${process.env['PATH']}` },
        })
      ).code;
    t.equal(await wait(running.service.apiUrl), 0, 'no series runs');
    t.equal(await wait('http://127.0.0.1:1'), 0, 'no service answers');
    const consumer = await running.consume({ series: 1 });
    await running.arm({ frames: 5, first_frame_number: 1 });
    let gone = false;
    const waiting = wait(running.service.apiUrl).then((code) => {
      gone = true;
      return code;
    });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    t.notOk(gone, 'a series runs');
    await running.simulate({ frames: 5 });
    await running.ended(1);
    await consumer.report;
    t.equal(await waiting, 0, 'it has ended');
  },
);
