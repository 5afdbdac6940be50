// Routes that open, watch and end a series.

import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import { armProperties } from '../control/arm-request.js';
import type { JsonNode } from '../base/json-text.js';
import { Refused } from '../control/refused.js';
import type { StopWish } from '../control/stop-request.js';
import type { ServiceStatus, ServiceView } from '../view/service-view.js';
import { snakeKeys } from '../base/snake-case.js';

interface StopQuery {
  readonly frames?: string;
  readonly withdraw?: string;
  readonly fill?: string;
}

/** Add the routes under /api/v1/series. */
export function addSeriesRoutes(app: FastifyInstance, view: ServiceView): void {
  const tags = ['series'];

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
      schema: { tags, summary: 'What the service is doing', response: { 200: schemas.serviceStatus } },
    },
    () => statusJson(view.status()),
  );

  app.get(
    '/api/v1/series/history',
    {
      schema: { tags, summary: 'How the last 100 series went', response: { 200: schemas.seriesHistory } },
    },
    () => ({ series: view.history() }),
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
          'null when no series was open. A series that several instances share is halted on all of them first, and ' +
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

/** What a query asks for. @throws Refused (invalid) with what cannot be read */
function stopWish({ frames, withdraw, fill }: StopQuery): StopWish {
  const problems: string[] = [];
  const flag = (key: string, text: string): boolean => {
    if (text !== 'true' && text !== 'false') problems.push(`${key}: ${quoted(text)}, needs true or false`);
    return text === 'true';
  };
  if (frames !== undefined && !/^[0-9]{1,16}$/.test(frames))
    problems.push(`frames: ${quoted(frames)}, needs a whole number`);
  const wish = {
    ...(frames === undefined ? {} : { frames: Number(frames) }),
    ...(withdraw === undefined ? {} : { withdraw: flag('withdraw', withdraw) }),
    ...(fill === undefined ? {} : { fill: flag('fill', fill) }),
  };
  if (problems.length > 0) throw new Refused('invalid', problems);
  return wish;
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 40));

/** The status with its counters named as JSON names things. */
function statusJson(status: ServiceStatus): object {
  if (status.series === null) return status;
  const ports = status.series.ports.map((port) => ({ ...port, counters: snakeKeys(port.counters) }));
  return { ...status, series: { ...status.series, ports } };
}
