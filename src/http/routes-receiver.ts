// The endpoints of streaming-receiver, so that its viewers and device servers work on this service too, and the last
// frame as numpy's own format. Source: maxiv-science/streaming-receiver, streaming_receiver/app/main.py.
// Tested by test/http/http.test.ts.

import type { FastifyInstance } from 'fastify';
import type { ReceiverState } from '../contract/receiver-states.js';
import * as schemas from './api-schemas.js';
import { downsample } from './downsample.js';
import { PixelStates } from '../detector/pixel-states.js';
import type { DetectorSettings } from '../detector/settings.js';
import { frameOf, toldFrame } from './frame.js';
import { noFrameSentences, noFrameStatus, noLatest } from './frame-wish.js';
import { npy } from './npy.js';
import { pickle } from './pickle.js';
import type { ServiceView } from '../view/service-view.js';

/** Largest block that /downsample takes, pixels. */
const downsampleLimit = 4096;

/** Add /status, /received_frames, /last_frame, /downsample and /api/v1/last_frame.npy. */
export function addReceiverRoutes(app: FastifyInstance, view: ServiceView): void {
  const tags = ['as streaming-receiver'];
  let states: { readonly of: DetectorSettings; readonly states: PixelStates } | null = null;
  /** Those of the detector as it is now. */
  const statesNow = (): PixelStates => {
    const { detector } = view.config;
    if (states?.of !== detector) states = { of: detector, states: new PixelStates(detector) };
    return states.states;
  };
  let factor = 1;

  app.get(
    '/status',
    {
      schema: {
        tags,
        summary: 'State of the series, or what is wrong with the service',
        response: { 200: schemas.receiverStatus },
      },
    },
    (): { state: ReceiverState; error?: string } => {
      const { alive, reasons } = view.liveness();
      if (!alive) return { state: 'error', error: reasons.join('; ') };
      return { state: view.status().state === 'idle' ? 'idle' : 'running' };
    },
  );

  app.get(
    '/received_frames',
    {
      schema: { tags, summary: 'Images sent in this series, or in the last one', response: { 200: schemas.value } },
    },
    () => ({ value: view.receivedFrames() }),
  );

  app.get(
    '/last_frame',
    {
      schema: {
        tags,
        summary: 'The image sent last, as a Python pickle [dict, bytes]; [{}, b""] before the first of a data plane',
        response: { 200: schemas.content('image/pickle', 'Pickle protocol 3') },
      },
    },
    (_, reply) => {
      const last = view.lastFrame();
      reply.type('image/pickle');
      if (last === null) return reply.send(pickle([{}, new Uint8Array(0)]));
      if (factor <= 1) return reply.send(pickle([last.header, last.pixels]));
      const small = downsample(toldFrame(last, statesNow()), factor);
      return reply.send(pickle([{ ...last.header, shape: small.shape }, small.pixels]));
    },
  );

  app.get(
    '/downsample',
    {
      schema: { tags, summary: 'How much smaller /last_frame is made', response: { 200: schemas.value } },
    },
    () => ({ value: factor }),
  );

  app.post(
    '/downsample',
    {
      schema: {
        tags,
        summary: 'Make /last_frame smaller: means of blocks of value × value pixels; 0 and 1 = as it is',
        querystring: {
          type: 'object',
          required: ['value'],
          properties: { value: { type: 'integer', minimum: 0, maximum: downsampleLimit } },
        },
        response: { 200: schemas.value, 422: schemas.problems },
      },
    },
    (request, reply) => {
      const { value } = request.query as { value?: unknown };
      const wanted = typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : NaN;
      if (!(wanted <= downsampleLimit)) {
        return reply.code(422).send({
          problems: [
            `value: ${value === undefined ? 'not given' : JSON.stringify(value)}; it must be a whole number from 0 ` +
              `to ${downsampleLimit}`,
          ],
        });
      }
      factor = wanted;
      return reply.send({ value: factor });
    },
  );

  app.get(
    '/api/v1/last_frame.npy',
    {
      schema: {
        tags: ['service'],
        summary: 'The image sent last, for numpy.load',
        response: {
          200: schemas.content('application/octet-stream', 'NPY format 1.0, C order, little endian'),
          404: schemas.problems,
          410: schemas.problems,
        },
      },
    },
    (_, reply) => {
      const last = view.lastFrame();
      if (last === null)
        return reply
          .code(noFrameStatus[noLatest(view)])
          .send({ problems: [`last_frame.npy: ${noFrameSentences[noLatest(view)]}`] });
      const { pixels, type, shape } = frameOf(last);
      return reply
        .type('application/octet-stream')
        .header('content-disposition', 'attachment; filename="last_frame.npy"')
        .send(npy(pixels, type, shape));
    },
  );
}
