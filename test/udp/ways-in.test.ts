// What holds for every way to receive, seen from the thread that opens its ports.

import t from 'tap';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { choices, wayInFacts } from '../../src/config/ways.js';
import type { WayInName } from '../../src/config/ways.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { closeWakeDescriptor, noDescriptor, openWakeDescriptor, ring } from '../../src/runtime/wake-descriptor.js';
import { waysIn } from '../../src/udp/ways-in.js';
import type { PortGroup } from '../../src/udp/ways-in.js';
import { configText, quadYaml } from '../threads/running.js';
import { until } from '../threads/waiting.js';
import { createSocket } from 'node:dgram';

const names = choices(wayInFacts).filter((name) => name !== 'auto');

/** Both ports of a half-module on one thread, open. */
async function open(t: Test, way: WayInName, more = ''): Promise<PortGroup & { readonly woken: () => number }> {
  const text = await configText(`${quadYaml}\nreceive: ${way}${more}`);
  const config = parseConfig(text, 'test.yaml', 'det');
  const map = mapMemory(makePlan(config).memory);
  const wakeDescriptor = wayInFacts[way].blocks ? openWakeDescriptor() : noDescriptor;
  let woken = 0;
  const wake = { wake: () => void woken++, turnNow: () => void woken++ };
  const { buffer } = allocateMemory(map);
  const ports = config.detector.udpPorts.map((_, index) => index);
  const group = waysIn[way].open({ ports, config, map, buffer, waitMs: 10, wakeDescriptor, wake });
  for (const [index, source] of group.sources.entries())
    t.equal((await source.open()).udpPort, config.detector.udpPorts[index], 'in the order of the ports');
  t.teardown(async () => {
    for (const source of group.sources) await source.close();
    closeWakeDescriptor(wakeDescriptor);
  });
  if (wakeDescriptor !== noDescriptor) {
    ring(wakeDescriptor);
    group.wait?.(60_000);
    t.pass('a command ends a wait');
  }
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  for (const [index, port] of config.detector.udpPorts.entries())
    await new Promise((resolve) => socket.send(new Uint8Array(8).fill(index + 1), port, '127.0.0.1', resolve));
  return { ...group, woken: () => woken };
}

for (const way of names) {
  const skip = waysIn[way].unavailable() ?? false;

  t.test(`${way}: each port of a thread has its source, and what comes is told`, { skip }, async (t) => {
    const { sources, wait, woken } = await open(t, way);
    t.equal(wait !== null, wayInFacts[way].blocks);
    wait?.(60_000);
    for (const [index, source] of sources.entries()) {
      await until(() => source.receive() === 1, 'a datagram');
      const { bytes, offsets, lengths } = source.landing;
      t.equal(lengths[0], 8);
      t.equal(bytes[offsets[0]], index + 1, 'in a landing buffer of its own port');
    }
    if (wait === null) t.ok(woken() >= 2, 'the event loop is asked for turns');
  });

  t.test(`${way}: coalesced datagrams are asked for only where the way has them`, { skip }, async (t) => {
    const { sources } = await open(t, way, '\nreceive_coalesced: true');
    for (const { landing } of sources) t.equal(landing.coalesced, wayInFacts[way].coalesced !== null);
  });

  t.test(`${way}: a socket is tried for its buffer, and an address of nobody is refused`, { skip }, async (t) => {
    t.equal(await waysIn[way].grantedBuffer('127.0.0.1', 65536), 65536);
    await t.rejects(waysIn[way].grantedBuffer('192.0.2.1', 65536));
  });
}
