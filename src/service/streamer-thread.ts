// The streamer's thread: frames of the ring to the consumers, until it is told to end.
// Tested by test/service/service.test.ts.

import { systemClock } from '../base/clock.js';
import { wayOutFacts } from '../config/ways.js';
import type { StreamEvent } from '../contract/series.js';
import { driveBlocking } from '../runtime/agent.js';
import { ring } from '../runtime/wake-descriptor.js';
import { Streamer } from '../stream/streamer.js';
import { StreamerAgent } from '../stream/streamer-agent.js';
import { makePreview, makeSink } from './make-sink.js';
import { post, runOnEventLoop, series, settleThread, task, wake, wakeWordMs, wiring, words } from './this-thread.js';
import { previewSetup, streamerSetup } from './wiring.js';

export async function runStreamer(): Promise<void> {
  const report = (event: StreamEvent): void => post({ kind: 'event', event });
  const { sink, way, notes } = await makeSink(wiring, wake, report);
  const preview = makePreview(wiring);
  notes.push(...(await settleThread()));
  const streamer = new Streamer({
    ...streamerSetup(wiring, sink, task.firstMessageNumber, report),
    ...previewSetup(wiring, preview),
    seriesBefore: task.seriesBefore,
    wakeReceivers: () => task.wakeDescriptors.forEach(ring),
  });
  const agent = new StreamerAgent({
    sink,
    streamer,
    lingerMs: task.config.closingTimeoutMs,
    report,
    now: () => systemClock.now(),
    preview,
  });
  const ready = (): void =>
    post({
      kind: 'ready',
      info: {
        sources: [],
        endpoint: agent.endpoint,
        previewEndpoint: agent.previewEndpoint,
        sendBuffer: sink.sendBuffer ?? null,
        backend: way,
        notes,
      },
    });
  if (!wayOutFacts[way].blocks) {
    void followWakeWord();
    return runOnEventLoop(agent, ready);
  }
  await agent.start();
  ready();
  driveBlocking(agent, {
    stopAsked: () => words.stopAsked,
    mark: () => series.wakeCount,
    rest: (mark) => agent.rest((milliseconds) => series.wait(mark, milliseconds)),
  });
  await agent.close();
}

/** The streamer's event loop looks again when a receiver, or main, has something for it. */
async function followWakeWord(): Promise<void> {
  for (let seen = series.wakeCount; !words.stopAsked;) {
    await series.waitAsync(seen, wakeWordMs);
    seen = series.wakeCount;
    wake.wake();
  }
}
