import t from 'tap';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { checkNames, examine } from '../../src/doctor/report.js';
import type { DoctorReport } from '../../src/doctor/report.js';
import { goodFacts } from '../doctor/good-facts.js';
import { freeTcpPort, freeUdpPorts, takenUdpPort } from '../threads/free-ports.js';
import { vdcu } from './repository.js';

/** A configuration of detector `quad` on loopback; `more` are keys of YAML. */
async function configFile(more: string, udpPorts?: readonly number[]): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'doctor.yaml');
  writeFileSync(
    file,
    'quad: {detector: eiger, quad: true, ring_frames: 64, udp_ports: ' +
      `[${(udpPorts ?? (await freeUdpPorts(2))).join(', ')}]${more}}\n`,
  );
  return file;
}

const reportOf = (stdout: string): DoctorReport => JSON.parse(stdout) as DoctorReport;

t.test('where no service runs the checks are made here, each once, ports tried', async (t) => {
  const file = await configFile(`, data_port: 0, api_port: ${await freeTcpPort()}`);
  const { stdout } = await vdcu('doctor', file, 'quad', '--json');
  const report = reportOf(stdout);
  t.equal(report.name, 'quad');
  t.strictSame([...report.checks, ...report.not_checked].map(({ check }) => check).sort(), [...checkNames].sort());
  t.match(
    report.checks.find(({ check }) => check === 'ports'),
    { status: 'ok' },
  );
  t.match(
    report.checks.find(({ check }) => check === 'address'),
    { status: 'ok' },
  );
});

t.test('a failed check ends with 1 and names the command that mends it', async (t) => {
  const taken = await takenUdpPort();
  t.teardown(taken.release);
  const [free] = (await freeUdpPorts(1)) as [number];
  const { code, stdout } = await vdcu(
    'doctor',
    await configFile(', data_port: 0, api_port: 0', [taken.port, free]),
    'quad',
  );
  t.equal(code, 1);
  t.match(stdout, /^quad on this machine; no service of it runs\nfailed +ports /);
  t.match(stdout, new RegExp(`do: +ss -ulpn 'sport = :${taken.port}' names the program that has it`));
  t.match(stdout, /\n1 failed, \d+ warnings?, \d+ ok, \d+ not checked\n$/);
});

t.test('without a configuration the machine is looked at', async (t) => {
  const { stdout } = await vdcu('doctor', '--json');
  t.match(reportOf(stdout), { name: null });
  t.match(
    reportOf(stdout).not_checked.find(({ check }) => check === 'mtu'),
    { reason: 'needs CONFIG NAME' },
  );
});

t.test('a running service is asked, by --url or by the configuration, and only about its own detector', async (t) => {
  const answer = examine(goodFacts({ clock: { wallMs: 0, synchronised: true } }));
  const server = createServer((request, response) =>
    response
      .writeHead(request.url === '/api/v1/doctor' ? 200 : 404, {
        'content-type': 'application/json',
        connection: 'close',
      })
      .end(JSON.stringify(answer)),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const byUrl = await vdcu('doctor', '--url', `http://127.0.0.1:${port}`, '--json');
  t.equal(byUrl.code, 1);
  t.strictSame(reportOf(byUrl.stdout), answer);
  const byFile = await vdcu('doctor', await configFile(`, data_port: 0, api_port: ${port}`), 'quad');
  t.match(byFile.stdout, new RegExp(`^quad, by its service at http://127\\.0\\.0\\.1:${port}\\nfailed +clock`));
  const file = await configFile(`, data_port: 0, api_port: ${port}`);
  writeFileSync(
    file,
    `other: {detector: eiger, quad: true, ring_frames: 64, udp_ports: [${(await freeUdpPorts(2)).join(', ')}], ` +
      `data_port: 0, api_port: ${port}}\n`,
  );
  t.match(await vdcu('doctor', file, 'other'), {
    code: 1,
    stdout: /^other on this machine; .*\nfailed +ports +api_port \d+ on 127\.0\.0\.1: taken/,
  });
});

t.test('a wrong command line ends with 2, silence at --url with 3', async (t) => {
  t.match(await vdcu('doctor', await configFile('')), { code: 2, stderr: /no detector named/ });
  t.match(await vdcu('doctor', await configFile(''), 'quod'), { code: 2 });
  t.match(await vdcu('doctor', await configFile(''), 'quad', '--url', 'http://127.0.0.1:1'), {
    code: 2,
    stderr: /both --url and a configuration file/,
  });
  t.match(await vdcu('doctor', '--url', `http://127.0.0.1:${await freeTcpPort()}`), {
    code: 3,
    stderr: /connection refused/,
  });
});
