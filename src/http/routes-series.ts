// Routes that open, watch and end a series.
// Tested by test/http/http.test.ts.

import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import { seriesRecord } from './record-schema.js';
import { seriesStates } from '../contract/series.js';
import type { SeriesState } from '../contract/series.js';
import { armProperties } from '../control/arm-request.js';
import type { JsonNode } from '../base/json-text.js';
import { Refused } from '../control/refused.js';
import type { StopWish } from '../control/stop-request.js';
import { SeriesWait, waitLimit } from './series-wait.js';
import type { ServiceStatus, ServiceView } from '../view/service-view.js';
import { historyLength } from '../view/told-series.js';
import { snakeKeys } from '../base/snake-case.js';

interface WaitQuery {
  readonly wait?: unknown;
  readonly timeout?: unknown;
}

/** Seconds. */
const usualWait = 30;
const longestWait = 600;

interface StopQuery {
  readonly frames?: string;
  readonly withdraw?: string;
  readonly fill?: string;
  readonly series_id?: string;
}

/** Add the routes under /api/v1/series. */
export function addSeriesRoutes(app: FastifyInstance, view: ServiceView): void {
  const tags = ['series'];
  const waits = new SeriesWait(() => view.status().state);
  // Before the server waits for answers that are under way.
  app.addHook('preClose', (done) => {
    waits.close();
    done();
  });

  app.post(
    '/api/v1/series',
    {
      schema: {
        tags,
        summary: 'Open a series',
        description:
          'Answers when the header was handed over and the receivers are open (or, with `force`, when the header ' +
          'waits for a consumer): then start the detector.',
        body: { type: 'object', properties: armProperties, additionalProperties: false },
        response: { 201: schemas.seriesOpened, 409: schemas.refused, 422: schemas.refused, 503: schemas.refused },
      },
    },
    async (request, reply) => {
      const opened = await view.orders.arm((request.body ?? null) as JsonNode | null);
      return reply.code(201).send(opened);
    },
  );

  app.get(
    '/api/v1/series',
    {
      schema: {
        tags,
        summary: 'What the service is doing',
        description:
          'With `wait` the answer comes when the state is that one, or when the time is over or the service ' +
          'ends: look at `state`.',
        querystring: {
          type: 'object',
          properties: {
            wait: { type: 'string', enum: seriesStates, description: 'State that is waited for.' },
            timeout: {
              type: 'number',
              minimum: 0,
              maximum: longestWait,
              description: `Seconds to wait at most; default ${usualWait}.`,
            },
          },
        },
        response: { 200: schemas.serviceStatus, 422: schemas.refused, 503: schemas.problems },
      },
    },
    async (request, reply) => {
      const wish = waitWish(request.query as WaitQuery);
      if (wish !== null) {
        if (waits.full)
          return reply.code(503).send({ problems: [`wait: ${waitLimit} wait already; ask again, or without it`] });
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        await waits.for(wish.state, wish.seconds * 1000, gone.signal);
      }
      return statusJson(view.status());
    },
  );

  app.get(
    '/api/v1/series/history',
    {
      schema: { tags, summary: `How the last ${historyLength} series went`, response: { 200: schemas.seriesHistory } },
    },
    () => ({ series: view.history() }),
  );

  app.get<{ Params: { readonly series_id: string } }>(
    '/api/v1/series/history/:series_id',
    {
      schema: {
        tags,
        summary: 'How one of them went, and which packets its frames lack',
        params: { type: 'object', properties: { series_id: { type: 'string', description: 'Number of the series' } } },
        response: { 200: seriesRecord, 404: schemas.problems },
      },
    },
    async ({ params: { series_id: id } }, reply) => {
      const record = /^\d{1,16}$/.test(id) ? await view.record(Number(id)) : null;
      return (
        record ??
        reply.code(404).send({
          problems: [`series ${quoted(id)} is not in the history: it has not ended, is too old, or never was`],
        })
      );
    },
  );

  app.post(
    '/api/v1/series/halt',
    {
      schema: {
        tags,
        summary: 'Halt a shared series',
        description:
          'The first half of stopping a series that several instances share (frames_stride): what is queued is read, ' +
          "then no more packets are accepted. Answers with how many frames were seen; the largest of all instances' " +
          'answers goes to DELETE /api/v1/series as `frames`. Without that the part is cut short after ' +
          'closing_timeout_ms.',
        response: { 200: schemas.seriesHalted, 409: schemas.refused, 422: schemas.refused, 503: schemas.refused },
      },
    },
    async () => ({ halted: await view.orders.halt() }),
  );

  app.delete<{ Querystring: StopQuery }>(
    '/api/v1/series',
    {
      schema: {
        tags,
        summary: 'End the series',
        description:
          'What was received so far is sent, then series_end; answers with the summary when that is done, or with ' +
          'null when no series was open. With `series_id` no other series is ended: while another is open the order ' +
          'is refused (409, `busy`). A series that several instances share is halted on all of them first, and ' +
          'then needs `frames`.',
        querystring: {
          type: 'object',
          properties: {
            frames: {
              type: 'string',
              description:
                'Only for a shared series, and needed there: its frames, the largest that an instance answered when ' +
                'it was halted.',
            },
            fill: {
              type: 'string',
              enum: ['true', 'false'],
              description:
                'true = all frames that were asked for go out, those that never came made up as missing. Not for a ' +
                'shared series.',
            },
            series_id: {
              type: 'string',
              description: 'The series to end, and no other; default: the one that is open.',
            },
            withdraw: {
              type: 'string',
              description:
                'Only for a shared series: true = its header was not handed over, nothing is sent; with frames=0.',
            },
          },
        },
        response: { 200: schemas.seriesStopped, 409: schemas.refused, 422: schemas.refused, 503: schemas.refused },
      },
    },
    async ({ query }) => ({ summary: await view.orders.stop(stopWish(query)) }),
  );
}

/** What is waited for; null = nothing. @throws Refused (invalid) with what cannot be read */
function waitWish({ wait, timeout }: WaitQuery): { state: SeriesState; seconds: number } | null {
  if (wait === undefined && timeout === undefined) return null;
  const problems: string[] = [];
  const state = seriesStates.find((name) => name === wait);
  if (state === undefined) problems.push(`wait: ${shown(wait)}, needs ${seriesStates.join(', ')}`);
  const seconds =
    timeout === undefined ? usualWait : typeof timeout === 'string' && timeout.trim() !== '' ? Number(timeout) : NaN;
  if (!(seconds >= 0 && seconds <= longestWait))
    problems.push(`timeout: ${shown(timeout)}, needs seconds from 0 to ${longestWait}`);
  if (state === undefined || problems.length > 0) throw new Refused('invalid', problems);
  return { state, seconds };
}

const shown = (value: unknown): string => (value === undefined ? 'not given' : JSON.stringify(value).slice(0, 42));

/** What a query asks for. What cannot be read goes on as it came: the rules refuse it (control/stop-request.ts). */
function stopWish({ frames, withdraw, fill, series_id: seriesId }: StopQuery): StopWish {
  const flag = (text: string): boolean | string => (text === 'true' ? true : text === 'false' ? false : text);
  const whole = (text: string): number | string => (/^[0-9]{1,16}$/.test(text) ? Number(text) : text);
  return {
    ...(frames === undefined ? {} : { frames: whole(frames) }),
    ...(withdraw === undefined ? {} : { withdraw: flag(withdraw) }),
    ...(fill === undefined ? {} : { fill: flag(fill) }),
    ...(seriesId === undefined ? {} : { seriesId: whole(seriesId) }),
  };
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 40));

/** The status with its counters named as JSON names things. */
function statusJson(status: ServiceStatus): object {
  if (status.series === null) return status;
  const ports = status.series.ports.map((port) => ({ ...port, counters: snakeKeys(port.counters) }));
  return { ...status, series: { ...status.series, ports } };
}
