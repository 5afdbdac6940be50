// Frames by number: each one that was sent and still lies in the ring, as numpy reads it, as a picture, or with its
// message. The data path does not notice the requests.

import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import {
  frameOfWish,
  frameParameters,
  noFrameSentences,
  noFrameStatus,
  noMessageNumber,
  noWish,
  readMessageNumber,
  readWish,
} from './frame-wish.js';
import { frameOf } from './frame.js';
import { npy } from './npy.js';
import { PreviewBusy } from './page/preview-maker.js';
import type { PreviewMaker } from './page/preview-maker.js';
import type { LastSent, ServiceView } from '../view/service-view.js';

const kinds = ['npy', 'png', 'sent'] as const;
type Kind = (typeof kinds)[number];

/** Add /api/v1/frames/…. */
export function addFrameRoutes(app: FastifyInstance, view: ServiceView, previews: () => PreviewMaker | null): void {
  app.get(
    '/api/v1/frames/:frame',
    {
      schema: {
        tags: ['service'],
        summary: 'A frame that was sent and still lies in the ring',
        description:
          'By the detector’s frame number (`17`), by its index in the series sent last (`index-16`), or the one ' +
          'sent last (`latest`). `npy`, `png`: as the detector has it, never compressed, cut, turned or masked. ' +
          '`sent`: its message as it left: length of the JSON (uint32, little endian), the JSON, the bytes behind ' +
          'it. Where frames leave compressed, cut, turned or masked the last few have that form; of others it is ' +
          'gone (410), while `npy` still has the pixels.',
        params: {
          type: 'object',
          required: ['frame'],
          properties: { frame: frameParameters.frame },
        },
        querystring: {
          type: 'object',
          properties: {
            as: { type: 'string', enum: kinds, default: 'npy' },
            msg_number: frameParameters.msg_number,
          },
        },
        response: {
          200: {
            description: 'The frame',
            content: {
              'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
              'image/png': { schema: { type: 'string', format: 'binary' } },
            },
          },
          404: schemas.problems,
          410: schemas.problems,
          422: schemas.problems,
          503: schemas.problems,
        },
      },
    },
    async (request, reply) => {
      const { frame: text } = request.params as { frame: string };
      const { as = 'npy', msg_number } = request.query as { as?: unknown; msg_number?: unknown };
      const wish = readWish(text);
      const message = readMessageNumber(msg_number);
      const problems = [
        ...(wish === null ? [noWish(text)] : []),
        ...(isKind(as) ? [] : [`as: ${JSON.stringify(as)}; it must be one of ${kinds.join(', ')}`]),
        ...(message === undefined ? [noMessageNumber(msg_number)] : []),
      ];
      if (wish === null || !isKind(as) || message === undefined) return reply.code(422).send({ problems });
      const frame = frameOfWish(view, wish, message, as === 'sent');
      if (typeof frame === 'string')
        return reply.code(noFrameStatus[frame]).send({ problems: [`frame ${text}: ${noFrameSentences[frame]}`] });
      const name = `frame_${String(frame.header['frame_number'])}`;
      if (as === 'png') {
        try {
          const maker = previews();
          if (maker === null) throw new PreviewBusy('png: the frame is gone with its data plane; ask again');
          const bytes = await maker.picture(frame);
          return await reply.type('image/png').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
        } catch (error) {
          if (error instanceof PreviewBusy) return reply.code(503).send({ problems: [error.message] });
          throw error;
        }
      }
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${name}.${as === 'npy' ? 'npy' : 'bin'}"`)
        .send(as === 'npy' ? npyOf(frame) : asSent(frame));
    },
  );
}

const isKind = (value: unknown): value is Kind => (kinds as readonly unknown[]).includes(value);

function npyOf(frame: LastSent): Buffer {
  const { pixels, type, shape } = frameOf(frame);
  return npy(pixels, type, shape);
}

/** The parts of its message. */
function asSent({ json, pixels }: LastSent): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, pixels]);
}
