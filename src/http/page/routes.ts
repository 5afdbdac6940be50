// The page at /, its files, its events and the previews of the last frame that it draws.

import type { FastifyInstance, FastifyReply } from 'fastify';
import { systemClock } from '../../base/clock.js';
import { geometryOf } from '../../detector/geometry.js';
import { makeLayout } from '../../detector/layout.js';
import { LastFrame } from '../../memory/last-frame.js';
import type { LastFrameMemory } from '../../memory/last-frame.js';
import type { About } from '../../page/messages.js';
import * as schemas from '../api-schemas.js';
import type { BuildInfo } from '../../metrics/metric-row.js';
import type { FrameWish, ServiceView } from '../../view/service-view.js';
import {
  frameOfWish,
  frameParameters,
  noFrameSentences,
  noFrameStatus,
  noLatest,
  noMessageNumber,
  noWish,
  readMessageNumber,
  readWish,
} from '../frame-wish.js';
import { PageEvents, viewerLimit } from './events.js';
import { readPageFiles } from './files.js';
import { aboutJson, stateJson } from './state.js';
import { PreviewBusy, PreviewMaker } from './preview-maker.js';
import { previewLimit } from './preview.js';
import type { PreviewRequest } from './preview.js';

const leastSize = 16;

/**
 * Add /, /page/…, /page/events (server-sent: about, history, state, sample) and /api/v1/preview.
 * @returns what makes previews and pictures of frames, for other routes; null while there is no data plane
 */
export function addPageRoutes(app: FastifyInstance, view: ServiceView, build: BuildInfo): () => PreviewMaker | null {
  const tags = ['page'];
  const files = readPageFiles();
  const { recent } = view;
  let shown = new ShownPlane(view, build);
  /** What is shown of the data plane that runs now. */
  const now = (): ShownPlane => {
    if (shown.isOf(view)) return shown;
    void shown.close();
    shown = new ShownPlane(view, build);
    return shown;
  };
  const events = new PageEvents({
    clock: systemClock,
    about: () => now().about,
    recent,
    state: () => {
      const { last, age } = now();
      return stateJson(view, recent.samples, recent.sockets, { count: last?.count ?? 0, ageMs: age.look() });
    },
    frame: () => {
      const { last, age } = now();
      return { count: last?.count ?? 0, age_ms: age.look() };
    },
  });
  const deafen = recent.listen((sample) => {
    now().age.look();
    events.tell(sample);
  });
  // Before the server waits for its connections to end: these never would.
  app.addHook('preClose', async () => {
    deafen();
    events.close();
    await shown.close();
  });

  const sendFile = (reply: FastifyReply, name: string): FastifyReply => {
    const file = files.get(name);
    if (file !== undefined) return reply.type(file.type).send(file.content);
    return reply.code(404).send({
      problems: [files.size === 0 ? 'the page was not built: npm run build' : `page/${name}: there is no such file`],
    });
  };
  app.get('/', { schema: { hide: true } }, (_, reply) => sendFile(reply, 'index.html'));
  // Browsers look for it wherever a page names none, as that of an answer in JSON.
  app.get('/favicon.ico', { schema: { hide: true } }, (_, reply) => sendFile(reply, 'icon.svg'));
  app.get('/page/:name', { schema: { hide: true } }, (request, reply) =>
    sendFile(reply, (request.params as { name: string }).name),
  );

  app.get('/page/events', { schema: { hide: true } }, (_, reply) => {
    if (events.full)
      return reply.code(503).send({
        problems: [
          `events: too many viewers are connected, ${viewerLimit} at most. Close another page, and this one ` +
            'connects by itself.',
        ],
      });
    reply.hijack();
    // A proxy that collects an answer before it hands it on would show nothing.
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    });
    events.add(reply.raw);
    return undefined;
  });

  app.get(
    '/api/v1/preview',
    {
      schema: {
        tags,
        summary: 'The image sent last, or another that lies in the ring, or a part of it, small enough to be looked at',
        description: 'Blocks of n × n pixels as their mean, with missing pixels and gaps kept apart (docs/page.md).',
        querystring: {
          type: 'object',
          properties: {
            size: {
              type: 'integer',
              minimum: leastSize,
              maximum: previewLimit,
              default: previewLimit,
              description: 'Blocks along the longer side, at most',
            },
            rows: { type: 'string', description: 'First and last row, as 0-255; not given = all' },
            columns: { type: 'string', description: 'First and last column; not given = all' },
            frame: { ...frameParameters.frame, default: 'latest' },
            msg_number: frameParameters.msg_number,
          },
        },
        response: {
          200: schemas.content('application/octet-stream', 'Length of the JSON (uint32), JSON, values, holds'),
          404: schemas.problems,
          410: schemas.problems,
          422: schemas.problems,
          503: schemas.problems,
        },
      },
    },
    async (request, reply) => {
      const wanted = readRequest(request.query as Record<string, unknown>);
      if ('problems' in wanted) return reply.code(422).send(wanted);
      const gzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
      const { of, message, ...part } = wanted;
      const frame = of === 'latest' ? null : frameOfWish(view, of, message);
      if (typeof frame === 'string')
        return reply.code(noFrameStatus[frame]).send({ problems: [`preview: ${noFrameSentences[frame]}`] });
      try {
        const job = { ...part, gzip };
        const { previews } = now();
        const bytes =
          previews === null ? null : await (frame === null ? previews.make(job) : previews.makeOf(frame, job));
        if (bytes !== null)
          return await reply
            .type('application/octet-stream')
            .headers({ vary: 'accept-encoding', ...(gzip ? { 'content-encoding': 'gzip' } : {}) })
            .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      } catch (error) {
        if (error instanceof PreviewBusy) return reply.code(503).send({ problems: [error.message] });
        throw error;
      }
      if ((now().last?.count ?? 0) === 0) {
        const none = noLatest(view);
        return reply.code(noFrameStatus[none]).send({ problems: [`preview: ${noFrameSentences[none]}`] });
      }
      return reply.code(404).send({ problems: ['preview: nothing of the frame lies in these rows and columns'] });
    },
  );
  return () => now().previews;
}

/** What the page shows of one data plane; of none while there is none. */
class ShownPlane {
  readonly about: About;
  /** Null = there is no data plane. */
  readonly last: LastFrame | null;
  readonly previews: PreviewMaker | null;
  readonly age: FrameAge;
  readonly #memory: LastFrameMemory | null;

  constructor({ config, lastFrameMemory: memory }: ServiceView, { version }: BuildInfo) {
    const { detector } = config;
    this.#memory = memory;
    const geometry = memory === null ? null : geometryOf(makeLayout(detector));
    this.about = aboutJson(config, geometry, version, systemClock.wall());
    this.last =
      memory === null ? null : new LastFrame(memory.buffer, memory.offset, memory.frameBytes, memory.textBytes);
    this.previews =
      memory === null || this.last === null ? null : new PreviewMaker({ memory, detector }, this.last, systemClock);
    this.age = new FrameAge(this.last);
  }

  isOf(view: ServiceView): boolean {
    return view.lastFrameMemory === this.#memory;
  }

  async close(): Promise<void> {
    await this.previews?.close();
  }
}

/** For how long the frame kept for viewers has been the last; as exact as it is looked at often. */
class FrameAge {
  readonly #last: LastFrame | null;
  #count = 0;
  #since: number | null = null;

  constructor(last: LastFrame | null) {
    this.#last = last;
  }

  /** In ms; null = there is none. */
  look(): number | null {
    const count = this.#last?.count ?? 0;
    if (count !== this.#count) {
      this.#count = count;
      this.#since = systemClock.now();
    }
    return this.#since === null ? null : systemClock.now() - this.#since;
  }
}

function readRequest(
  query: Record<string, unknown>,
): (PreviewRequest & { readonly of: FrameWish; readonly message: number | null }) | { problems: string[] } {
  const problems: string[] = [];
  const { size = String(previewLimit) } = query;
  const blocks = typeof size === 'string' && /^[0-9]{1,5}$/.test(size) ? Number(size) : NaN;
  if (!(blocks >= leastSize && blocks <= previewLimit))
    problems.push(`size: ${JSON.stringify(size)}; it must be a whole number from ${leastSize} to ${previewLimit}`);
  const span = (key: 'rows' | 'columns'): readonly [number, number] | null => {
    const text = query[key];
    if (text === undefined) return null;
    const match = typeof text === 'string' ? /^([0-9]{1,7})-([0-9]{1,7})$/.exec(text) : null;
    if (match === null || Number(match[1]) > Number(match[2])) {
      problems.push(`${key}: ${JSON.stringify(text)}; it must be the first and the last, like 0-255`);
      return null;
    }
    return [Number(match[1]), Number(match[2])];
  };
  const { frame = 'latest' } = query;
  const of = typeof frame === 'string' ? readWish(frame) : null;
  if (of === null) problems.push(`frame: ${noWish(String(frame))}`);
  const message = readMessageNumber(query['msg_number']);
  if (message === undefined) problems.push(noMessageNumber(query['msg_number']));
  const request = { rows: span('rows'), columns: span('columns'), size: blocks };
  return of === null || message === undefined || problems.length > 0 ? { problems } : { ...request, of, message };
}
