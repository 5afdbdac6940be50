// An encoder's thread: frames of the ring in the form, or compressed, in which they leave, until it is told to end.
// Tested by test/service/service.test.ts.

import { loadEncodeKernel } from '../encode/encode-kernel.js';
import { EncoderAgent } from '../encode/encoder-agent.js';
import { FrameEncoder } from '../encode/frame-encoder.js';
import { driveBlocking } from '../runtime/agent.js';
import { post, series, settleThread, task, wiring, words } from './this-thread.js';
import { encoderSetup } from './wiring.js';

/** @param encoder which one of them */
export async function runEncoder(encoder: number): Promise<void> {
  const notes = await settleThread();
  const frames = new FrameEncoder(encoderSetup(wiring, encoder, loadEncodeKernel(task.memory)));
  const agent = new EncoderAgent(task.name, frames);
  await agent.start();
  post({
    kind: 'ready',
    info: {
      sources: [],
      endpoint: '',
      sendBuffer: null,
      backend: task.config.compression === 'none' ? 'forms' : task.config.compression,
      notes,
    },
  });
  driveBlocking(agent, {
    stopAsked: () => words.stopAsked,
    mark: () => series.wakeCount,
    rest: (mark) => agent.rest((milliseconds) => series.wait(mark, milliseconds)),
  });
  await agent.close();
}
