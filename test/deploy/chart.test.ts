// The Helm chart over a matrix of values: real helm, strict schemas, and what must hold between its objects and the
// configuration that is in them, which is the very file that `vdcu run --check` accepts.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { parse } from 'yaml';
import { stopLimitMs } from '../../src/config/stop-limit.js';
import { parseConfig } from '../../src/config/load.js';
import { isOpen } from '../../src/config/from-client.js';
import { options, type OptionKey } from '../../src/config/schema.js';
import { firstStreamingPort } from '../../src/control/sls/module-settings.js';
import { makePlan } from '../../src/config/plan.js';
import { repository, vdcu } from '../commands/repository.js';
import { chart, helm, missingTools, rendered, schemas, wrongObjects } from './kubernetes-tools.js';
import type { KubernetesObject, Values } from './kubernetes-tools.js';

const quad =
  'eiger:\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n  udp_host: 0.0.0.0\n  data_host: 0.0.0.0\n ' +
  ' api_host: 0.0.0.0\n';
const withQuad = (more: string): Record<string, unknown> => ({
  configfiles: [{ name: 'detectors.yaml', content: `${quad}${more}` }],
});
const psi =
  'eiger:\n  receiver_ports: [1954, 1955]\n  receiver_host: 0.0.0.0\n  data_host: 0.0.0.0\n  api_host: 0.0.0.0\n';
const purple = {
  enabled: true,
  name: 'purple-sriov',
  namespace: 'daq-network',
  ips: ['172.18.31.40/22'],
  mac: 'ca:fe:12:1f:28:01',
  resources: { 'intel.com/mellanox_sriov_netdevice': '1' },
};

/** To a receiver, and to who knows its name. */
const toReceiver = [{ ports: [{ port: 5000 }, { port: 53, protocol: 'UDP' }] }];

/** Every value away from its default at least once. */
const matrix: Readonly<Record<string, Values>> = {
  'as it comes': {},
  'the example of SoftiMAX': { files: ['values-softimax.yaml'] },
  'the example of several instances': { files: ['values-scale-out.yaml'] },
  'the network of the node': {
    values: {
      hostNetwork: true,
      nodeSelector: { 'daq/ingest': 'true' },
      tolerations: [{ key: 'daq', operator: 'Exists' }],
      priorityClassName: 'daq',
    },
  },
  'a second interface': { values: { purple_network: purple } },
  'a network policy for some': {
    values: {
      networkPolicy: {
        enabled: true,
        zmq: [{ namespaceSelector: { matchLabels: { 'daq/consumer': 'true' } } }],
        http: [{ podSelector: {} }],
        udp: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
      },
    },
  },
  "PSI's client, which says what the detector is": {
    values: {
      configfiles: [{ name: 'detectors.yaml', content: psi }],
      service: { receivers: { type: 'LoadBalancer', annotations: { a: 'b' }, externalTrafficPolicy: 'Cluster' } },
      networkPolicy: { enabled: true, receivers: [{ ipBlock: { cidr: '10.1.0.0/16' } }] },
    },
  },
  "PSI's client at the second interface": {
    values: {
      ...withQuad('  receiver_ports: [1954]\n  receiver_host: 172.18.31.40\n'),
      purple_network: purple,
      networkPolicy: { enabled: true },
    },
  },
  'a network policy for all': { values: { networkPolicy: { enabled: true } } },
  'a network policy, and a receiver that is asked': {
    values: {
      ...withQuad('  receiver_url: http://receiver:5000\n'),
      networkPolicy: { enabled: true, egress: toReceiver },
    },
  },
  'everything of monitoring': {
    values: {
      metrics: {
        annotations: true,
        podMonitor: { enabled: true, additionalLabels: { release: 'stack' }, interval: '10s' },
        prometheusRule: { enabled: true, additionalLabels: { release: 'stack' } },
        dashboard: { enabled: true, folder: 'DAQ', annotations: { a: 'b' } },
      },
    },
  },
  'a rehearsal': { values: { rehearsal: { enabled: true }, networkPolicy: { enabled: true } } },
  "a rehearsal in the detector's network": {
    values: { ...withQuad(''), purple_network: purple, rehearsal: { enabled: true, usePurpleNetwork: true } },
  },
  outside: {
    values: {
      ingress: {
        enabled: true,
        suffix: 'daq.example.org',
        className: 'nginx',
        tls: [{ hosts: ['a'], secretName: 'a' }],
      },
      service: { zmq: { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' }, http: { annotations: { a: 'b' } } },
    },
  },
  'rights, a token and room for recordings': {
    values: {
      ...withQuad('  flight_recorder_dir: /var/lib/virtual-dcu\n'),
      apiToken: { secretName: 'vdcu-token' },
      capabilities: ['NET_ADMIN', 'SYS_NICE'],
      flightRecorder: { enabled: true },
      extraEnv: [{ name: 'LOG_LEVEL', value: 'DEBUG' }],
      podDisruptionBudget: { enabled: true },
    },
  },
  'a service account of the site': {
    values: {
      serviceAccount: { create: false, name: 'daq' },
      image: { repository: 'harbor.example.org/daq/virtual-dcu', tag: 'main', pullSecrets: [{ name: 'harbor' }] },
      global: { beamline: 'softimax' },
    },
  },
  'a slow end': {
    values: withQuad('  closing_timeout_ms: 60001\n  drain_ms: 10000\n  data_port: 9001\n  api_port: 5001\n'),
  },
  'three sockets': { values: withQuad('  data_port: [9001, 9002, 9003]\n') },
  'live viewers': {
    values: {
      ...withQuad('  preview: {port: 9997}\n  sls_preview: true\n  receiver_ports: [1954]\n  receiver_host: 0.0.0.0\n'),
      service: { preview: { type: 'LoadBalancer', annotations: { a: 'b' }, externalTrafficPolicy: 'Cluster' } },
      networkPolicy: { enabled: true, viewers: [{ ipBlock: { cidr: '10.2.0.0/16' } }] },
    },
  },
  'live viewers of several instances': {
    values: {
      ...withQuad('  frames_stride: 4\n  frames_offset: hostname\n  series: armed\n  preview: {port: 9997}\n'),
      replicas: 4,
      networkPolicy: { enabled: true },
    },
  },
  'names of its own': {
    values: {
      fullnameOverride: 'softimax-eiger-daq',
      podLabels: { team: 'daq' },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    },
  },
};
const skip = { skip: missingTools('helm') };

/** The matrix rendered, once. */
const made =
  missingTools('helm') === false
    ? await Promise.all(Object.entries(matrix).map(async ([name, values]) => ({ name, ...(await rendered(values)) })))
    : [];
const of = (name: keyof typeof matrix): readonly KubernetesObject[] =>
  made.find((one) => one.name === name)?.objects ?? [];

const find = (objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject => {
  const found = objects.find(
    (object) => object.kind === kind && (name === undefined || object.metadata.name.endsWith(name)),
  );
  if (found === undefined)
    throw new Error(
      `no ${kind} ${name ?? ''} among ${objects.map((object) => `${object.kind} ${object.metadata.name}`).join(', ')}`,
    );
  return found;
};
const workloadOf = (objects: readonly KubernetesObject[]): KubernetesObject =>
  objects.find(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet') as KubernetesObject;
const includes = (labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

/** The configuration in the ConfigMap, for the detector that the command names. */
function configOf(objects: readonly KubernetesObject[]): { text: string; name: string; file: string } {
  const [container] = workloadOf(objects)['spec'].template.spec.containers;
  const [, , path, name] = container.command as [string, string, string, string];
  const file = path.split('/').at(-1) as string;
  return { text: find(objects, 'ConfigMap', workloadOf(objects).metadata.name)['data'][file], name, file };
}

/** Of a module with two UDP ports, unless the client says others. */
const portsOfClientsPreview = (module: number): number[] =>
  [2 * module, 2 * module + 1].map((port) => firstStreamingPort + port);

async function forAll(
  t: Test,
  check: (t: Test, objects: readonly KubernetesObject[]) => void | Promise<void>,
): Promise<void> {
  for (const { name, objects } of made) await t.test(name, async (t) => check(t, objects));
}

t.test('helm lint has nothing to say, for any values of the matrix', skip, async (t) => {
  for (const [name, values] of Object.entries(matrix)) {
    const { code, stdout, stderr } = await helm(['lint', '--strict', chart], values);
    t.equal(code, 0, `${name}: ${stdout}${stderr}`);
    t.notMatch(stdout, /WARNING|ERROR/, name);
  }
});

t.test(
  "every object is as Kubernetes' schemas have it, with no key that they do not have",
  { skip: missingTools('helm', 'kubeconform', 'schemas') },
  async (t) => {
    const folder = schemas(t);
    t.strictSame(await wrongObjects(made.map(({ text }) => text).join('\n---\n'), folder), []);
    const plain = made[0]?.text ?? '';
    t.match(
      await wrongObjects(plain.replace('replicas: 1', 'replicaz: 1'), folder),
      [/Deployment .*additional properties 'replicaz' not allowed/],
      'an unknown key would have been found',
    );
    t.match(
      await wrongObjects(plain.replace('containerPort: 5000', 'containerPort: many'), folder),
      [/Deployment .*got string, want/],
      'and a wrong type',
    );
  },
);

t.test('the configuration is the very file that vdcu run --check accepts', skip, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-chart-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const objects of [of('as it comes'), of('the example of SoftiMAX'), of('the example of several instances')]) {
    const { text, name, file } = configOf(objects);
    writeFileSync(join(folder, file), text);
    t.match(await vdcu('run', join(folder, file), name, '--check'), { code: 0, stdout: /nothing wrong/ });
  }
  await forAll(t, (t, objects) => {
    const { text, name, file } = configOf(objects);
    t.doesNotThrow(() => parseConfig(text, file, name));
  });
});

t.test('ports, grace, processors and memory are those of the plan', skip, async (t) => {
  await forAll(t, (t, objects) => {
    const { text, name, file } = configOf(objects);
    const config = parseConfig(text, file, name);
    const plan = isOpen(config) ? null : makePlan(config);
    const { spec } = workloadOf(objects)['spec'].template;
    const [container] = spec.containers;
    t.strictSame(
      container.ports.map(
        ({ containerPort, protocol }: { containerPort: number; protocol: string }) => `${containerPort}/${protocol}`,
      ),
      [
        config.apiPort,
        ...config.dataPorts,
        ...(config.preview === null ? [] : [config.preview.port]),
        ...config.receiverPorts,
        ...(config.slsPreview ? config.receiverPorts.flatMap((_, module) => portsOfClientsPreview(module)) : []),
      ]
        .map((port) => `${port}/TCP`)
        .concat(config.detector.udpPorts.map((port) => `${port}/UDP`)),
    );
    t.ok(
      spec.terminationGracePeriodSeconds * 1000 > stopLimitMs(config),
      `grace of ${spec.terminationGracePeriodSeconds} s is longer than an orderly end may take`,
    );
    const { requests, limits } = container.resources;
    t.strictSame(requests, limits, 'Guaranteed: requests are limits');
    t.match(String(requests.cpu), /^[1-9][0-9]*$/, 'whole cores');
    t.ok(
      Number(requests.cpu) >= (plan?.rate?.processors.cores ?? 2),
      `${requests.cpu} cores are enough for ${plan?.rate?.processors.cores ?? 2}`,
    );
    t.ok(
      Number.parseInt(requests.memory, 10) * 1024 ** 3 >= (plan?.memoryBytes ?? 2 ** 30),
      `${requests.memory} hold ${plan?.memoryBytes ?? 'what a client asks for'} bytes`,
    );
  });
});

t.test('the pod has no rights that it does not need', skip, async (t) => {
  await forAll(t, (t, objects) => {
    const pods = objects
      .filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind))
      .map((object) => object['spec'].template.spec);
    for (const pod of pods) {
      t.equal(pod.automountServiceAccountToken, false);
      t.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
      for (const { securityContext, volumeMounts } of pod.containers) {
        t.match(securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const added = securityContext.capabilities.add !== undefined;
        t.equal(
          pod.securityContext.runAsNonRoot === true && pod.securityContext.runAsUser === 10001,
          !added,
          'root only where a capability is added, for to others the kernel gives none',
        );
        const volumes = new Set(pod.volumes.map(({ name }: { name: string }) => name));
        t.strictSame(
          volumeMounts.map(({ name }: { name: string }) => name).filter((name: string) => !volumes.has(name)),
          [],
        );
      }
    }
    const account = objects.find(({ kind }) => kind === 'ServiceAccount');
    t.ok(account === undefined || account['automountServiceAccountToken'] === false);
    t.notOk(
      objects.some(({ kind }) => /Role/.test(kind)),
      'no role is bound',
    );
  });
});

t.test('one owner of packets and stream: Recreate, or a StatefulSet that starts all at once', skip, async (t) => {
  await forAll(t, (t, objects) => {
    const { kind, ...rest } = workloadOf(objects);
    const spec = rest['spec'] as Record<string, unknown>;
    if (kind === 'Deployment') t.match(spec, { replicas: 1, strategy: { type: 'Recreate' } });
    else t.match(spec, { replicas: 4, podManagementPolicy: 'Parallel', serviceName: /-pods$/ });
  });
});

t.test('selectors find the pod, and ports that are named are there', skip, async (t) => {
  await forAll(t, (t, objects) => {
    const workload = workloadOf(objects);
    const { metadata, spec } = workload['spec'].template;
    const ports = new Set(spec.containers[0].ports.map(({ name }: { name: string }) => name));
    t.ok(includes(metadata.labels, workload['spec'].selector.matchLabels));
    const numbers = new Set<string>();
    for (const object of objects) {
      if (object.kind === 'Service') {
        const { 'statefulset.kubernetes.io/pod-name': pod, ...selector } = object['spec'].selector;
        t.ok(includes(metadata.labels, selector), object.metadata.name);
        if (pod !== undefined) numbers.add(pod);
        for (const { targetPort } of object['spec'].ports)
          t.ok(ports.has(targetPort), `${object.metadata.name}: ${targetPort}`);
      }
      if (object.kind === 'NetworkPolicy') {
        t.ok(includes(metadata.labels, object['spec'].podSelector.matchLabels));
        const asks = configOf(objects).text.includes('receiver_url');
        t.strictSame(object['spec'].egress, asks ? toReceiver : [], 'to nobody else than it must');
      }
      if (object.kind === 'PodMonitor') {
        t.ok(includes(metadata.labels, object['spec'].selector.matchLabels));
        t.ok(ports.has(object['spec'].podMetricsEndpoints[0].port));
      }
      if (object.kind === 'PodDisruptionBudget') t.ok(includes(metadata.labels, object['spec'].selector.matchLabels));
      if (object.kind === 'Job')
        t.notOk(
          includes(object['spec'].template.metadata.labels, workload['spec'].selector.matchLabels),
          "the rehearsal's pods are not the service",
        );
      if (object.kind === 'Ingress') {
        const { service } = object['spec'].rules[0].http.paths[0].backend;
        t.ok(
          find(objects, 'Service', service.name)['spec'].ports.some(
            ({ name }: { name: string }) => name === service.port.name,
          ),
        );
      }
    }
    if (workload.kind === 'StatefulSet') {
      t.strictSame(
        [...numbers],
        [0, 1, 2, 3].map((index) => `${workload.metadata.name}-${index}`),
        'each pod has a stream of its own',
      );
      t.ok(
        objects.some(
          ({ kind, metadata: { name }, ...rest }) =>
            kind === 'Service' && name === workload['spec'].serviceName && rest['spec'].clusterIP === 'None',
        ),
      );
    }
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      t.equal(spec.containers[0][probe].httpGet.path, probe === 'readinessProbe' ? '/readyz' : '/healthz');
  });
});

t.test("PSI's client finds the receivers before the pod is ready, and who may call is limited", skip, async (t) => {
  const objects = of("PSI's client, which says what the detector is");
  const service = find(objects, 'Service', 'demo-virtual-dcu-receivers')['spec'];
  t.match(service, { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', publishNotReadyAddresses: true });
  t.match(service.ports, [
    { port: 1954, targetPort: 'rx-1954' },
    { port: 1955, targetPort: 'rx-1955' },
  ]);
  const { ingress } = objects.find(({ kind }) => kind === 'NetworkPolicy')?.['spec'] ?? {};
  t.match(ingress[2], {
    ports: [{ port: 'rx-1954' }, { port: 'rx-1955' }],
    from: [{ ipBlock: { cidr: '10.1.0.0/16' } }],
  });
  t.strictSame(ingress[3], { ports: [{ protocol: 'UDP' }] }, 'which ports, the client says');
  const beside = of("PSI's client at the second interface");
  t.notOk(
    beside.some(({ kind, metadata: { name } }) => kind === 'Service' && name.endsWith('-receivers')),
    'no Service where the client comes by the second interface',
  );
});

t.test('viewers find the previews where no consumer may come, and who may look is limited', skip, async (t) => {
  const objects = of('live viewers');
  t.match(find(objects, 'Service', 'demo-virtual-dcu-preview'), {
    metadata: { annotations: { a: 'b' } },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Cluster',
      publishNotReadyAddresses: true,
      ports: [{ name: 'preview', port: 9997, targetPort: 'preview' }],
    },
  });
  t.strictSame(
    find(objects, 'Service', '-receivers')['spec'].ports.map(({ port }: { port: number }) => port),
    [1954, 30001, 30002],
    "PSI's preview stream is where its client finds the receivers",
  );
  const rules = (name: keyof typeof matrix): { ports: unknown; from?: unknown }[] =>
    find(of(name), 'NetworkPolicy')['spec'].ingress;
  const names = ['preview', 'sls-30001', 'sls-30002'];
  t.strictSame(rules('live viewers')[2], {
    ports: names.map((port) => ({ port, protocol: 'TCP' })),
    from: [{ ipBlock: { cidr: '10.2.0.0/16' } }],
  });
  t.strictSame(rules('live viewers of several instances')[2], { ports: [{ port: 'preview', protocol: 'TCP' }] });
  t.strictSame(
    of('live viewers of several instances')
      .filter(({ kind, metadata: { name } }) => kind === 'Service' && name.includes('-preview'))
      .map((object) => object['spec'].selector['statefulset.kubernetes.io/pod-name']),
    [0, 1, 2, 3].map((index) => `demo-virtual-dcu-${index}`),
    'each instance shows the frames that it has',
  );
  t.notMatch(JSON.stringify(of("PSI's client, which says what the detector is")), /preview"|sls-/, 'none unless asked');
});

t.test('the second interface: name, addresses and resources as given', skip, async (t) => {
  const objects = of('a second interface');
  const { metadata, spec } = workloadOf(objects)['spec'].template;
  t.strictSame(JSON.parse(metadata.annotations['k8s.v1.cni.cncf.io/networks']), [
    {
      name: 'purple-sriov',
      namespace: 'daq-network',
      interface: 'purple0',
      ips: ['172.18.31.40/22'],
      mac: 'ca:fe:12:1f:28:01',
    },
  ]);
  t.match(spec.containers[0].resources.limits, { 'intel.com/mellanox_sriov_netdevice': '1' });
  const job = find(of("a rehearsal in the detector's network"), 'Job')['spec'].template;
  t.strictSame(
    JSON.parse(job.metadata.annotations['k8s.v1.cni.cncf.io/networks']),
    [{ name: 'purple-sriov', namespace: 'daq-network', interface: 'purple0' }],
    'the simulator has another address',
  );
});

t.test(
  'what is monitored has the labels that are looked for (the rules and the dashboard: release.test.ts)',
  skip,
  async (t) => {
    const objects = of('everything of monitoring');
    t.match(find(objects, 'ConfigMap', '-dashboard').metadata, {
      labels: { grafana_dashboard: '1' },
      annotations: { grafana_folder: 'DAQ', a: 'b' },
    });
    for (const kind of ['PodMonitor', 'PrometheusRule'])
      t.equal(find(objects, kind).metadata.labels['release'], 'stack');
    t.match(workloadOf(objects)['spec'].template.metadata.annotations, {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '5000',
    });
  },
);

t.test('objects of the Prometheus operator are as their definitions have them', skip, async (t) => {
  const { PodMonitor, PrometheusRule } =
    await import('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1');
  const objects = of('everything of monitoring');
  const monitor = find(objects, 'PodMonitor');
  t.doesNotThrow(() => new PodMonitor(monitor as never).validate());
  t.doesNotThrow(() => new PrometheusRule(find(objects, 'PrometheusRule') as never).validate());
  t.throws(
    () => new PodMonitor({ ...monitor, spec: { ...monitor['spec'], podMetricsEndpoints: 'http' } }).validate(),
    'a wrong one would have been found',
  );
  // They let unknown keys pass.
  t.strictSame(Object.keys(monitor['spec']).sort(), ['podMetricsEndpoints', 'selector']);
  t.strictSame(Object.keys(monitor['spec'].podMetricsEndpoints[0]).sort(), ['interval', 'path', 'port']);
  t.strictSame(Object.keys(find(objects, 'PrometheusRule')['spec']), ['groups']);
});

t.test('nothing optional is there by default', skip, async (t) => {
  const objects = of('as it comes');
  t.strictSame(objects.map(({ kind }) => kind).sort(), [
    'ConfigMap',
    'Deployment',
    'Service',
    'Service',
    'ServiceAccount',
  ]);
  const { metadata, spec } = workloadOf(objects)['spec'].template;
  t.notOk('k8s.v1.cni.cncf.io/networks' in metadata.annotations);
  t.notOk('env' in spec.containers[0]);
});

t.test('each socket of the stream has a port of the Service, and consumers may reach it', skip, async (t) => {
  const objects = of('three sockets');
  const names = ['zmq', 'zmq-1', 'zmq-2'];
  t.strictSame(
    find(objects, 'Service', '-zmq-egress')['spec'].ports,
    [9001, 9002, 9003].map((port, index) => ({ name: names[index], port, targetPort: names[index] })),
  );
  const { stdout } = await helm(['template', 'demo', chart], {
    values: { ...withQuad('  data_port: [9001, 9002, 9003]\n'), rehearsal: { enabled: true } },
  });
  t.match(stdout, 'tcp://demo-virtual-dcu-zmq-egress:9001,tcp://demo-virtual-dcu-zmq-egress:9002,tcp://');
});

t.test('what would come up and not work is refused, with the remedy', skip, async (t) => {
  const refusals: readonly [Record<string, unknown>, RegExp][] = [
    [{ detector: 'pilatus' }, /no detector "pilatus"; it has eiger/],
    [{ configfiles: [{ name: 'a.yaml', content: 'a: [' }] }, /a\.yaml: not YAML/],
    [
      { configfiles: [{ name: 'a.yaml', content: 'eiger: {detector: eiger, udp_ports: [1], data_host: 0.0.0.0}' }] },
      /api_host is 127\.0\.0\.1: .*Set it to 0\.0\.0\.0/,
    ],
    [withQuad('  data_port: 0\n'), /data_port is 0/],
    [withQuad('  data_port: [9001, 0]\n'), /data_port is 0/],
    [withQuad('  preview: {port: 0}\n'), /preview\.port is 0: .*Set a number/],
    [withQuad('  receiver_ports: [0]\n'), /receiver_ports has 0/],
    [withQuad('  receiver_ports: [1]\n  receiver_host: 127.0.0.1\n'), /receiver_ports listen on 127.*0\.0\.0\.0/],
    [
      { configfiles: [{ name: 'a.yaml', content: psi }], rehearsal: { enabled: true } },
      /leaves the detector to PSI's client, so nobody knows what to simulate/,
    ],
    [withQuad('  flight_recorder_dir: /var/lib/virtual-dcu\n'), /flight_recorder_dir is .*flightRecorder\.enabled/],
    [{ replicas: 2 }, /replicas is 2, but eiger\.frames_stride is 1/],
    [{ ...withQuad('  frames_stride: 2\n  frames_offset: 1\n'), replicas: 2 }, /frames_offset is 1: .*hostname/],
    [
      { ...withQuad('  frames_stride: 2\n  frames_offset: hostname\n'), replicas: 2, purple_network: purple },
      /purple_network\.ips and mac/,
    ],
    [
      { ...withQuad('  frames_stride: 2\n  frames_offset: hostname\n'), replicas: 2, hostNetwork: true },
      /names of their nodes/,
    ],
    ...['receiver_url', 'notify_url'].map((key): [Record<string, unknown>, RegExp] => [
      { ...withQuad(`  ${key}: http://receiver:5000\n`), networkPolicy: { enabled: true } },
      new RegExp(`networkPolicy\\.egress is empty: .*${key}.*Set networkPolicy\\.egress`),
    ]),
    [{ hostNetwork: true, purple_network: purple }, /use one of them/],
    [{ purple_network: { enabled: true } }, /purple_network\.name/],
    [{ ingress: { enabled: true } }, /ingress\.suffix/],
    [
      {
        configfiles: [{ name: 'a.yaml', content: quad.replace('udp_host: 0.0.0.0', 'udp_host: 10.0.0.1') }],
        rehearsal: { enabled: true },
      },
      /listens on udp_host 10\.0\.0\.1 only/,
    ],
    [
      {
        configfiles: [{ name: 'a.yaml', content: quad.replace('udp_host: 0.0.0.0', 'udp_host: [10.0.0.1, 0.0.0.0]') }],
        rehearsal: { enabled: true },
      },
      /listens on udp_host 10\.0\.0\.1, 0\.0\.0\.0 only/,
    ],
    [{ resources: { cpu: '1500m', memory: '4Gi' } }, /resources\/cpu/],
    [{ capabilities: ['SYS_ADMIN'] }, /capabilities\/0/],
    [{ replicaCount: 1 }, /replicaCount/],
    [{ purple_network: { mac: 'ca:fe' } }, /purple_network\/mac/],
  ];
  for (const [values, message] of refusals) {
    const { code, stderr } = await helm(['template', 'demo', chart], { values });
    t.equal(code, 1, String(message));
    t.match(stderr, message);
  }
});

t.test('defaults that the chart needs before the service reads the file are those of the service', async (t) => {
  const template = readFileSync(join(chart, 'templates', '_detector.tpl'), 'utf8');
  const [, listed = ''] = /\$detector := merge \(dict\) \$own \(dict (.*)\) -\}\}/.exec(template) ?? [];
  const series = / "series" \(ternary "(\w+)" "(\w+)" \(eq .* "from_client"\)\)$/.exec(listed) ?? [''];
  const [, ofClient, otherwise] = series;
  const plain = [...listed.replace(series[0], '').matchAll(/"(\w+)" ("[^"]*"|\d+)(?: |$)/g)];
  t.equal(plain.map(([pair]) => pair.trim()).join(' ') + series[0], listed, 'all of them are compared');
  for (const [, key, value = ''] of plain)
    t.strictSame(JSON.parse(value), options[key as OptionKey].parse(undefined), key);
  t.equal(parseConfig(psi, 'psi.yaml', 'eiger').series, ofClient);
  t.equal(parseConfig(quad, 'quad.yaml', 'eiger').series, otherwise);
});

t.test('the chart is of the version of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  t.match(parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')), { version, appVersion: version });
});
