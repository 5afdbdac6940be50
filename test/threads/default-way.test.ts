// What is sent by default, `send: zmtp`, taken by our own programs as people start them: watch and record, one after
// the other. That Debian's pyzmq takes it: test/consumer/python-consumer.test.ts.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { vdcuProcess } from './process.js';
import { start } from './running.js';
import { until } from './waiting.js';

t.test(
  'vdcu watch and vdcu record take whole series from the default way, one after the other',
  { skip: ffiUnavailable() ?? false, timeout: 300_000 },
  async (t) => {
    const running = await start(t);
    t.match(running.service.view.backend, /\bzmtp\b/);
    const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'recorded.h5');
    const { dataEndpoint } = running.service;
    const frames = 20;
    const told: Record<string, unknown>[] = [];
    for (const [index, words] of [
      ['watch', dataEndpoint],
      ['record', dataEndpoint, file],
    ].entries()) {
      await until(() => running.status().consumers === 0, 'nobody is connected', 60_000);
      const program = vdcuProcess(t, [...words, '--series', '1', '--json']);
      await until(() => running.status().consumers === 1, `vdcu ${words[0]} is connected`, 60_000);
      const firstFrame = 1 + 100 * index;
      t.match(await running.arm({ frames, first_frame_number: firstFrame }), { status: 201 });
      await running.simulate({ frames, firstFrame, rate: 20 });
      t.match(await running.ended(index + 1), { frames, complete: frames, aborted: undefined });
      t.equal(await program.code(), 0, program.stderr);
      told.push(JSON.parse(program.stdout) as Record<string, unknown>);
    }
    t.match(told[0], { images: frames, problems: [] });
    t.match(JSON.stringify(told[1]), new RegExp(`"(?:written|images|frames)":${frames}\\b`));
    t.ok(statSync(file).size > frames * 514 * 514);
  },
);
