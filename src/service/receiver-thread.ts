// A receiver's thread: packets of its ports into the frame ring, until it is told to end.
// Tested by test/service/service.test.ts.

import { driveBlocking } from '../runtime/agent.js';
import { blockingWaitMs, makeReceiver } from './make-receiver.js';
import { post, runOnEventLoop, series, settleThread, task, wake, wakeWordMs, wiring, words } from './this-thread.js';

/** @param ports indices into `udp_ports` */
export async function runReceiver(ports: readonly number[]): Promise<void> {
  const wakeDescriptor = task.wakeDescriptors[task.thread];
  const own = { name: task.name, ports, wiring, memory: task.memory, wake, wakeDescriptor };
  const { agent, way, notes, wait } = await makeReceiver(own);
  notes.push(...(await settleThread()));
  const ready = (): void =>
    post({ kind: 'ready', info: { sources: agent.infos, endpoint: '', sendBuffer: null, backend: way, notes } });
  if (wait === null) {
    void followCommands();
    return runOnEventLoop(agent, ready);
  }
  await agent.start();
  ready();
  // A single port waits inside its source, too, while packets come.
  driveBlocking(agent, {
    stopAsked: () => words.stopAsked,
    mark: () => 0,
    rest: () => wait(blockingWaitMs),
  });
  await agent.close();
}

/** A receiver's event loop looks again when a command is given. */
async function followCommands(): Promise<void> {
  for (let seen = series.readCommand(); !words.stopAsked;) {
    await series.waitCommandAsync(seen, wakeWordMs);
    const command = series.readCommand();
    if (command !== seen) wake.wake();
    seen = command;
  }
}
