import t from 'tap';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { exampleFile, repository, vdcu, vdcuWith } from './repository.js';

t.test('every command has a help with examples and exit codes', async (t) => {
  const outcome = await vdcu('--help');
  t.equal(outcome.code, 0);
  const commands = ['run', 'simulate', 'watch', 'arm', 'stop', 'status', 'doctor', 'demo', 'completion'];
  for (const command of commands) t.match(outcome.stdout, new RegExp(`^  ${command} `, 'm'));
  t.match(outcome.stdout, /Exit codes of every command:/);
  t.notMatch(outcome.stdout, /reference \[/, 'what only developers need is not listed');
  const helps = await Promise.all(commands.map((command) => vdcu(command, '--help')));
  helps.forEach(({ code, stdout }, index) => {
    t.equal(code, 0, commands[index]);
    t.match(stdout, /^Examples:$/m, commands[index]);
    t.match(stdout, /^Exit codes:\n {2}0 {2}/m, commands[index]);
  });
});

t.test('the version is that of the package', async (t) => {
  t.match(await vdcu('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
});

t.test('npx, which installs the folder into its cache, builds nothing that is built', async (t) => {
  const prepare = join(repository, 'scripts', 'prepare.mjs');
  const environment = { ...process.env, npm_command: 'exec' };
  t.equal(execFileSync(process.execPath, [prepare], { env: environment, encoding: 'utf8' }), '');
});

t.test('the endpoint may stand behind --verify CONFIG NAME, which takes no more than these two', async (t) => {
  const verify = ['--verify', exampleFile, 'softimax-eiger'];
  for (const words of [
    [...verify, 'tcp://127.0.0.1:1'],
    [...verify, '--', 'tcp://127.0.0.1:1'],
    ['tcp://127.0.0.1:1', ...verify],
  ])
    t.match(await vdcu('watch', '--timeout', '0.2', ...words), {
      code: 3,
      stdout: /^tcp:\/\/127\.0\.0\.1:1: never connected/m,
    });
});

t.test('a command line that is wrong ends with 2 and says so in a line', async (t) => {
  const cases: [args: string[], says: RegExp][] = [
    [[], /^Usage: vdcu/],
    [['runn'], /^vdcu: unknown command 'runn'\n\(Did you mean run\?\)/],
    [['run', exampleFile], /^vdcu: missing required argument 'name'/],
    [['run', exampleFile, 'softimax-eiger', '--chek'], /^vdcu: unknown option '--chek'/],
    [['run', exampleFile, 'softimax-eiger', 'more'], /^vdcu: too many arguments/],
    [['simulate', exampleFile, 'softimax-eiger', '--frames', '-1'], /needs a whole number, 0 or more/i],
    [['simulate', exampleFile, 'softimax-eiger', '--rate', '0'], /needs a number greater than 0/i],
    [['simulate', exampleFile, 'softimax-eiger', '--loss', 'much'], /^vdcu: --loss much: needs a ratio/],
    [['watch', 'tcp://127.0.0.1:1', '--verify', exampleFile], /needs exactly a configuration file and the name/],
    [['watch', '--verify', exampleFile, '--series', '1', 'tcp://127.0.0.1:1'], /needs exactly a configuration file/],
    [['watch', '--verify', exampleFile, 'softimax-eiger'], /^vdcu: missing required argument 'endpoint'/],
    [['watch', '--verify', exampleFile, 'softimax-eiger', 'tcp://127.0.0.1:1', 'more'], /^vdcu: too many arguments/],
    [
      ['arm', '--endpoint', 'http://127.0.0.1:5000'],
      /^vdcu: unknown option '--endpoint'\n\(Did you mean --url, or for several instances --endpoints\?\)/,
    ],
    [['arm', '--metadata', '[1'], /^vdcu: --metadata: not JSON: .* Give an object such as/],
    [['arm', '--metadata', '@/dev/zero'], /^vdcu: --metadata @\/dev\/zero: larger than 1048576 bytes/],
    [['arm', '--metadata', '@/no/such/file'], /^vdcu: --metadata @\/no\/such\/file: ENOENT/],
    [['arm', '--first-frame', 'first'], /needs a number/i],
    [['status', '--url', 'localhost'], /^vdcu: --url localhost: no URL/],
    [['status', exampleFile], /no detector named/],
    [
      ['status', 'http://127.0.0.1:5000'],
      /http:\/\/127\.0\.0\.1:5000 is no configuration file\. Use --url http:\/\/127\.0\.0\.1:5000/,
    ],
    [['status', exampleFile, 'softimax-eiger', '--url', 'http://127.0.0.1'], /both --url and a configuration file/],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await vdcu(...args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, says);
    t.notMatch(stderr, /\n {4}at /, 'no stack for what the operator can mend');
  }
});

t.test('--check accepts a right configuration and lists what is wrong with another, a line each', async (t) => {
  t.match(await vdcu('run', exampleFile, 'softimax-eiger', '--check'), {
    code: 0,
    stdout: /softimax-eiger: nothing wrong\n$/,
    stderr: '',
  });
  t.strictSame(JSON.parse((await vdcu('run', exampleFile, 'softimax-eiger', '--check', '--json')).stdout), {
    file: exampleFile,
    name: 'softimax-eiger',
    valid: true,
    warnings: [],
  });

  const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'wrong.yaml');
  writeFileSync(file, 'a:\n  detector: eiger\n  udp_ports: [50001]\n  data_prt: 1\n');
  const { code, stderr } = await vdcu('run', file, 'a', '--check');
  t.equal(code, 2);
  t.equal(
    stderr,
    `vdcu: ${file}:3: a.udp_ports: 1 ports, but modules: [1,1] at 2 per unit needs 2. List every port (those not ` +
      'sent go into ports_off as well), or correct modules\n' +
      `vdcu: ${file}:4: a.data_prt: unknown key with value 1; did you mean "data_port"?\n`,
  );
});

t.test('--check also refuses a plan that cannot be', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'short.yaml');
  writeFileSync(file, 'a: {detector: eiger, udp_ports: [1, 2], ring_frames: 4, frame_rate_hz: 1000}\n');
  t.match(await vdcu('run', file, 'a', '--check'), { code: 2, stderr: /^vdcu: a: the ring of 4 frames holds 4 ms/ });
});

t.test('--print-plan prints text, or JSON for scripts', async (t) => {
  t.match(await vdcu('run', exampleFile, 'softimax-eiger', '--print-plan'), {
    code: 0,
    stdout: /^frame +514 × 514 uint16/m,
  });
  const { code, stdout } = await vdcu('run', exampleFile, 'softimax-eiger', '--print-plan', '--json');
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    name: 'softimax-eiger',
    detector: { shape: [514, 514], frame_bytes: 528392 },
    ring: { frames: Number },
  });
});

t.test('a LOG_LEVEL that is none is refused before anything starts', async (t) => {
  t.match(await vdcuWith({ LOG_LEVEL: 'loud' }, 'run', exampleFile, 'softimax-eiger', '--check'), {
    code: 2,
    stderr: /LOG_LEVEL is "loud"/,
  });
});

t.test('the reference is printed as it lies in docs', async (t) => {
  t.match(await vdcu('reference'), { code: 0, stdout: /^# Configuration\n/ });
});

t.test('--print-geometry shows where each port lands, as text, as JSON and as a drawing', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'quad.svg');
  t.match(await vdcu('run', exampleFile, 'softimax-eiger', '--print-geometry'), {
    code: 0,
    stderr: '',
    stdout: /│ {2}50002 ↑ +│\n[^]*│ {2}50001 ↓ +│/,
  });
  const { code, stdout } = await vdcu(
    'run',
    exampleFile,
    'softimax-eiger',
    '--print-geometry',
    '--json',
    '--svg',
    file,
  );
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    name: 'softimax-eiger',
    shape: [514, 514],
    ports: [
      { udp_port: 50001, first_pixel: [258, 0] },
      { udp_port: 50002, first_pixel: [255, 0] },
    ],
  });
  t.match(readFileSync(file, 'utf8'), /^<svg /);
  t.match(await vdcu('run', exampleFile, 'softimax-eiger', '--print-geometry', '--svg', '/no/such/folder/x.svg'), {
    code: 3,
    stderr: /--svg \/no\/such\/folder\/x\.svg: cannot be written/,
  });
});
