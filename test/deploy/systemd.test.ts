// The unit of systemd: accepted by systemd itself, and what it does when the service ends.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exitCode } from '../../src/base/errors.js';
import { parseConfig } from '../../src/config/load.js';
import { repository, vdcu } from '../commands/repository.js';
import { without } from '../programs.js';
import { run, temporary } from './programs-here.js';

const folderOfUnit = join(repository, 'deploy', 'systemd');
const unitText = readFileSync(join(folderOfUnit, 'vdcu@.service'), 'utf8');
const tokenText = readFileSync(join(folderOfUnit, 'api-token.conf'), 'utf8');

/** The values of a key, in the order of the file. */
const valuesOf = (key: string, text = unitText): string[] =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value);

t.test('systemd accepts the unit, and finds it well closed', { skip: without('systemd-analyze') }, async (t) => {
  const folder = temporary(t);
  const unit = join(folder, 'vdcu@.service');
  // What it starts must exist.
  writeFileSync(unit, unitText.replaceAll('/usr/local/bin/vdcu', '/bin/true'));
  mkdirSync(join(folder, 'vdcu@.service.d'));
  writeFileSync(join(folder, 'vdcu@.service.d', 'api-token.conf'), tokenText);
  const { code, output } = await run('systemd-analyze', ['verify', unit]);
  if (/Failed to|not been booted|No such file or directory: \/run/.test(output)) {
    t.pass('not tried', { skip: `systemd-analyze cannot work here: ${output}` });
    return;
  }
  t.equal(code, 0, output);
  t.notMatch(output, /vdcu@/, 'and has no warning for it');
  const wrong = join(folder, 'wrong@.service');
  writeFileSync(
    wrong,
    unitText.replaceAll('/usr/local/bin/vdcu', '/bin/true').replace('ProtectHome=', 'ProtectHouse='),
  );
  t.match(
    (await run('systemd-analyze', ['verify', wrong])).output,
    /ProtectHouse/,
    'a wrong key would have been found',
  );
  const security = await run('systemd-analyze', ['security', '--offline=true', '--threshold=30', unit]);
  t.equal(security.code, 0, security.output);
});

t.test('the unit stops no earlier than an orderly end takes', async (t) => {
  const config = parseConfig(
    readFileSync(join(repository, 'examples', 'detectors.yaml'), 'utf8'),
    'detectors.yaml',
    'softimax-eiger',
  );
  const { stopLimitMs } = await import('../../src/config/stop-limit.js');
  t.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unitText)?.[1]) * 1000 > stopLimitMs(config));
});

t.test('a wrong configuration is the only end that is final', async (t) => {
  t.strictSame(valuesOf('RestartPreventExitStatus'), [String(exitCode.usage)]);
  t.strictSame(valuesOf('Restart'), ['always']);
  t.strictSame(
    valuesOf('StartLimitIntervalSec'),
    ['0'],
    'failed starts are not counted: the switch may be down for an hour',
  );
  t.strictSame(valuesOf('ExecStartPre'), [], 'its exit code 2 would be tried again for ever');
  const wrong = join(temporary(t), 'wrong.yaml');
  writeFileSync(wrong, 'det: {detector: eiger, udp_ports: many}\n');
  t.match(await vdcu('run', wrong, 'det'), { code: exitCode.usage }, 'the service itself says so');
  writeFileSync(wrong, 'det: {detector: eiger, quad: true, udp_ports: [50001, 50002], udp_host: 192.0.2.1}\n');
  t.match(
    await vdcu('run', wrong, 'det'),
    { code: exitCode.environment },
    'an address that is not there yet is no mistake of the configuration',
  );
});

t.test('systemd waits for READY=1 and ends a service whose threads stand still: in order first', async (t) => {
  t.strictSame(valuesOf('Type'), ['notify']);
  const { stallLimitMs } = await import('../../src/view/health.js');
  t.ok(
    Number(valuesOf('WatchdogSec')[0]) * 1000 > 2 * stallLimitMs,
    'no earlier than the service itself calls them dead',
  );
  t.strictSame(valuesOf('WatchdogSignal'), ['SIGTERM']);
});

t.test('unit and drop-in name one folder, and the service reads the token where systemd puts it', async (t) => {
  const folders = new Set(
    [...`${unitText}${tokenText}`.matchAll(/\/(?:etc|var\/lib)\/([\w-]+)(?=[\s/.:]|$)/g)]
      .map(([, name]) => name)
      .filter((name) => name !== 'systemd'),
  );
  t.strictSame([...folders], ['virtual-dcu']);
  const [credential] = valuesOf('LoadCredential', tokenText);
  t.equal(credential?.split(':')[1], '/etc/virtual-dcu/%i.token');
  t.strictSame(valuesOf('Environment', tokenText), [`VDCU_API_TOKEN_FILE=%d/${credential?.split(':')[0]}`]);
  for (const file of ['README.md', 'docs/operating.md', 'deploy/README.md', 'SECURITY.md'])
    t.notMatch(readFileSync(join(repository, file), 'utf8'), /\/etc\/vdcu/, file);
});
