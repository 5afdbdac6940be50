import t from 'tap';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricNames, metricsReference } from '../../src/metrics/reference.js';
import { makeMetrics } from '../../src/metrics/metrics.js';
import { simulatorCounterTable } from '../../simulators/detector/metrics.js';
import { repository, vdcu } from '../commands/repository.js';
import { HandMadeView } from '../view/hand-made-view.js';

t.test(
  'docs/reference/metrics.md is what the tables say (else: vdcu reference metrics > docs/reference/metrics.md)',
  async (t) => {
    t.equal(
      readFileSync(join(repository, 'docs', 'reference', 'metrics.md'), 'utf8'),
      metricsReference(simulatorCounterTable),
    );
    t.equal((await vdcu('reference', 'metrics')).stdout, metricsReference(simulatorCounterTable));
    t.match(await vdcu('reference', 'alerts'), { code: 2, stderr: /Allowed choices are configuration, metrics/ });
  },
);

t.test('the reference names what is exported, each once', async (t) => {
  const exported = [
    ...(await makeMetrics(new HandMadeView(), { version: '0', backend: 'test' }).render()).matchAll(/^# HELP (\S+)/gm),
  ].map(([, name]) => name);
  t.strictSame([...metricNames].sort(), exported.sort());
  t.equal(new Set(metricNames).size, metricNames.length);
});
