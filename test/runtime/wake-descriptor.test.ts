import t from 'tap';
import { readdirSync } from 'node:fs';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import {
  closeWakeDescriptor,
  noDescriptor,
  openWakeDescriptor,
  quiet,
  ring,
} from '../../src/runtime/wake-descriptor.js';
import { SourceGroup } from '../../src/udp/source-group.js';

const missing = ffiUnavailable();
const skip = missing === null ? {} : { skip: missing };
/** Far beyond the time limit of a test. */
const forEver = 1_000_000;

t.test('rung before the sleep or in it, a sleeper wakes; quieted, it sleeps again', skip, async (t) => {
  const descriptor = openWakeDescriptor();
  const group = new SourceGroup([{ descriptor: noDescriptor }], descriptor);
  t.equal(group.wait(0), 0);
  ring(descriptor);
  ring(descriptor);
  t.equal(group.wait(forEver), 0, 'no source has anything');
  t.notOk(group.ready(0));
  t.equal(group.wait(1), 0, 'both rings were heard: it has slept');
  ring(descriptor);
  quiet(descriptor);
  t.equal(group.wait(1), 0);
  closeWakeDescriptor(descriptor);
});

t.test('where there is none nothing happens, and nothing stays open where there is one', skip, async (t) => {
  for (const act of [ring, quiet, closeWakeDescriptor]) t.doesNotThrow(() => act(noDescriptor));
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  const some = Array.from({ length: 5 }, openWakeDescriptor);
  t.equal(open(), before + 5);
  some.forEach(closeWakeDescriptor);
  t.equal(open(), before);
});
