// The image: its Dockerfile's own steps carried out in clean stages, and the result run as compose.yaml says,
// read-only, without rights, as another user: healthy, a series with losses goes through to a checking consumer,
// SIGTERM ends a series in order.

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { stopLimitMs } from '../../src/config/stop-limit.js';
import type { CheckResult } from '../../src/doctor/report.js';
import type { ServiceStatus } from '../../src/view/service-view.js';
import { repository } from '../commands/repository.js';
import { until } from '../threads/waiting.js';
import { build, Container, noContainers } from './container.js';
import { contextOf, missingSources, stagesOf } from './dockerfile.js';
import { missingTools, rendered } from './kubernetes-tools.js';

interface ComposeService {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
}

const folder = join(repository, 'deploy');
const text = readFileSync(join(folder, 'Dockerfile'), 'utf8');
const stages = stagesOf(text);
const image = stages.at(-1)?.image;
const { services } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true }) as {
  services: Record<'service' | 'consumer' | 'simulator', ComposeService>;
};

t.test('the Dockerfile has nothing that its linter minds', async (t) => {
  t.strictSame(validate(text), []);
  t.not(validate(text.replace('WORKDIR /build', 'WORKDIR build')).length, 0, 'and it would have said so');
});

t.test('the base image is an argument, and what it says of the process is what engines need', async (t) => {
  t.strictSame(
    stagesOf(text, { BASE_IMAGE: 'harbor.example.org/node' }).map(({ base }) => base),
    ['harbor.example.org/node', 'harbor.example.org/node', 'harbor.example.org/node'],
  );
  t.match(image?.user, /^[1-9]\d*:[1-9]\d*$/, 'a number, so that runAsNonRoot can be checked');
  t.equal(image?.command?.[0], 'vdcu', 'the service is process 1, no shell and no npm before it');
  t.equal(image?.entrypoint, null);
  t.equal(image?.stopSignal, 'SIGTERM');
  t.strictSame(image?.health?.slice(0, 1), ['vdcu']);
  const labels = stagesOf(text, { VERSION: '1.2.3', COMMIT_HASH: 'abc' }).at(-1)?.image.labels ?? {};
  t.match(labels, {
    'org.opencontainers.image.version': '1.2.3',
    'org.opencontainers.image.revision': 'abc',
    'org.opencontainers.image.licenses': 'MIT',
  });
});

t.test('the context has what the steps copy, and neither tests nor packages nor history', async (t) => {
  const context = contextOf(t, repository);
  t.strictSame(missingSources(stages, context), []);
  t.strictSame(readdirSync(context).sort(), [
    '.npmrc',
    'CHANGELOG.md',
    'LICENSE',
    'SECURITY.md',
    'deploy',
    'docs',
    'package-lock.json',
    'package.json',
    'scripts',
    'simulators',
    'src',
    'tsconfig.json',
  ]);
});

t.test('the steps make an image that runs', { skip: await noContainers() }, async (t) => {
  const context = contextOf(t, repository);
  const { image } = await build(
    t,
    stagesOf(text, {
      COMMIT_HASH: '0123abc',
      BRANCH_NAME: 'main',
      TIMESTAMP: '2026-01-01T00:00:00Z',
      REPOSITORY_URL: 'https://example.org/virtual-dcu',
    }),
    context,
  );
  const rehearsal = { '/etc/virtual-dcu': join(folder, 'rehearsal') };
  const environmentOf = ({ environment = {} }: ComposeService): Record<string, string> =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]),
    );

  await t.test("compose.yaml's rehearsal: service, checking consumer, simulator with faults", async (t) => {
    const service = new Container(t, image, { command: services.service.command, mounts: rehearsal });
    await service.healthy();
    const inside = async (script: string): Promise<string> => (await service.exec(['sh', '-c', script])).output.trim();
    t.equal(
      await inside('cat /proc/1/status | grep -E "^(Name|CapBnd|CapPrm|NoNewPrivs|Uid)" | tr "\\n\\t" " "'),
      'Name: node Uid: 10001 10001 10001 10001 CapPrm: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1',
    );
    t.match(await inside('touch /opt/virtual-dcu/x'), /Read-only file system/);
    t.strictSame(JSON.parse(await inside('cat /etc/build_git_meta.json')), {
      commit_hash: '0123abc',
      branch_name: 'main',
      timestamp: '2026-01-01T00:00:00Z',
      repository_url: 'https://example.org/virtual-dcu',
    });
    t.equal(
      await inside(
        'ls /opt/virtual-dcu /opt/virtual-dcu/dist; find /opt/virtual-dcu/node_modules -maxdepth 1 -name typescript',
      ),
      '/opt/virtual-dcu:\nLICENSE\ndist\nnode_modules\npackage.json\n\n/opt/virtual-dcu/dist:\nsbom.cdx.json\nsimulators\nsrc',
    );
    const { checks } = JSON.parse(await inside('vdcu doctor --json /etc/virtual-dcu/detectors.yaml rehearsal')) as {
      checks: CheckResult[];
    };
    t.match(
      checks.find(({ check }) => check === 'capabilities')?.seen,
      /^CAP_NET_ADMIN no, CAP_SYS_NICE no/,
      'the doctor names what the container was not given',
    );
    for (const name of ['recvmmsg', 'compiled_placement', 'send'])
      t.equal(checks.find(({ check }) => check === name)?.status, 'ok', `${name} is in the image`);

    const consumer = new Container(t, image, {
      command: services.consumer.command,
      mounts: rehearsal,
      networkOf: service,
    });
    const simulator = new Container(t, image, {
      command: services.simulator.command,
      mounts: rehearsal,
      networkOf: service,
      environment: { ...environmentOf(services.simulator), FRAMES: '300' },
    });
    t.equal(await simulator.code(), 0, simulator.stderr);
    t.equal(await consumer.code(), 0, `${consumer.stdout}${consumer.stderr}`);
    t.match(consumer.stdout, /^ *frames +300$/m);
    t.match(consumer.stdout, /^ *wrong pixels +0$/m);
    service.signal('SIGTERM');
    t.equal(await service.code(), 0, service.stderr);
  });

  await t.test(
    "the chart's objects: the same by its commands, files, variables and names",
    { skip: missingTools('helm') },
    async (t) => {
      const { objects } = await rendered({ values: { rehearsal: { enabled: true, frames: 200 } } });
      const files = (name: string): string => {
        const target = mkdtempSync(join(tmpdir(), 'vdcu-configmap-'));
        t.teardown(() => rmSync(target, { recursive: true, force: true }));
        chmodSync(target, 0o755);
        for (const [file, content] of Object.entries(
          objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)?.['data'] as Record<
            string,
            string
          >,
        ))
          writeFileSync(join(target, file), content);
        return target;
      };
      const hosts = join(files('demo-virtual-dcu-rehearsal'), 'hosts');
      writeFileSync(
        hosts,
        `127.0.0.1 localhost ${objects
          .filter(({ kind }) => kind === 'Service')
          .map(({ metadata }) => metadata.name)
          .join(' ')}\n`,
      );
      const mounts = {
        '/etc/virtual-dcu': files('demo-virtual-dcu'),
        '/opt/rehearsal': files('demo-virtual-dcu-rehearsal'),
        '/etc/hosts': hosts,
      };
      interface PodContainer {
        readonly name: string;
        readonly command: string[];
        readonly env?: { readonly name: string; readonly value: string }[];
      }
      const containersOf = (kind: string): PodContainer[] =>
        objects.find((object) => object.kind === kind)?.['spec'].template.spec.containers;
      const started = ({ command, env = [] }: PodContainer, networkOf?: Container): Container =>
        new Container(t, image, {
          command,
          mounts,
          environment: Object.fromEntries(env.map(({ name, value }) => [name, value])),
          ...(networkOf === undefined ? {} : { networkOf }),
        });
      const service = started(containersOf('Deployment')[0]);
      await service.healthy();
      const jobs = containersOf('Job').map((container) => ({
        name: container.name,
        running: started(container, service),
      }));
      // The simulator first: when it fails the consumer waits for ever.
      for (const { name, running } of [...jobs].reverse())
        t.equal(await running.code(), 0, `${name}: ${running.stdout}${running.stderr}`);
      const consumer = jobs.find(({ name }) => name === 'consumer')?.running.stdout;
      t.match(consumer, /^ *frames +200$/m);
      t.match(consumer, /^ *wrong pixels +0$/m);
      service.signal('SIGTERM');
      t.equal(await service.code(), 0, service.stderr);
    },
  );

  await t.test('NET_ADMIN is of use to root without other rights, and to nobody else', async (t) => {
    const seen = async (user: string): Promise<CheckResult[]> => {
      const doctor = new Container(t, image, {
        command: ['vdcu', 'doctor', '--json', '/etc/virtual-dcu/detectors.yaml', 'rehearsal'],
        mounts: rehearsal,
        user,
        capabilities: ['net_admin'],
      });
      await doctor.code();
      return (JSON.parse(doctor.stdout) as { checks: CheckResult[] }).checks;
    };
    const ofRoot = await seen('0:0');
    t.match(
      ofRoot.find(({ check }) => check === 'capabilities'),
      { status: 'ok', seen: /CAP_NET_ADMIN yes, CAP_SYS_NICE no/ },
    );
    t.match(
      ofRoot.find(({ check }) => check === 'rmem_max'),
      { status: 'ok' },
      'sockets got what was asked for',
    );
    t.match((await seen('10001:10001')).find(({ check }) => check === 'capabilities')?.seen, /CAP_NET_ADMIN no/);
  });

  await t.test('SIGTERM in a series: series_end goes out and the exit code is 0 within the grace period', async (t) => {
    const service = new Container(t, image, { command: services.service.command, mounts: rehearsal });
    await service.healthy();
    const consumer = new Container(t, image, {
      command: services.consumer.command,
      mounts: rehearsal,
      networkOf: service,
    });
    const simulator = new Container(t, image, {
      command: services.simulator.command,
      mounts: rehearsal,
      networkOf: service,
      environment: { ...environmentOf(services.simulator), FRAMES: '0' },
    });
    await until(async () => {
      const { series } = JSON.parse((await service.exec(['vdcu', 'status', '--json'])).output) as ServiceStatus;
      return (series?.images_sent ?? 0) > 50;
    }, 'images on their way');
    service.signal('SIGTERM');
    t.equal(await service.code(), 0, service.stderr);
    t.equal(await consumer.code(), 0, `${consumer.stdout}${consumer.stderr}`);
    t.match(consumer.stdout, /^ *ended +1$/m, 'series_end has come');
    t.match(consumer.stdout, /^ *wrong pixels +0$/m);
    simulator.signal('SIGTERM');
    await simulator.ended;
    const plan = makePlan(loadConfig(join(folder, 'rehearsal', 'detectors.yaml'), 'rehearsal'));
    t.ok(
      Number.parseInt(services.service.stop_grace_period ?? '', 10) * 1000 > stopLimitMs(plan.limits),
      'the grace period is longer than a stop may take',
    );
  });
});
