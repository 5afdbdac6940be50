// Routes that open, watch and end a series.

import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import { armProperties, checkArmRequest } from './arm-request.js';
import type { JsonNode } from './json-text.js';
import type { ServiceStatus, ServiceView } from './service-view.js';
import { snakeKeys } from './snake-case.js';

/** Add the routes under /api/v1/series. */
export function addSeriesRoutes(app: FastifyInstance, view: ServiceView): void {
  const tags = ['series'];

  app.post('/api/v1/series', {
    schema: {
      tags,
      summary: 'Open a series',
      description: 'Answers when the header was handed over and the receivers are open (or, with `force`, when the header waits for a consumer): then start the detector.',
      body: { type: 'object', properties: armProperties, additionalProperties: false },
      response: { 201: schemas.seriesOpened, 409: schemas.problems, 422: schemas.problems, 503: schemas.problems },
    },
  }, async (request, reply) => {
    const opened = await view.arm(checkArmRequest((request.body ?? null) as JsonNode | null, view.config));
    return reply.code(201).send(opened);
  });

  app.get('/api/v1/series', {
    schema: { tags, summary: 'What the service is doing', response: { 200: schemas.serviceStatus } },
  }, () => statusJson(view.status()));

  app.get('/api/v1/series/history', {
    schema: { tags, summary: 'How the last 100 series went', response: { 200: schemas.seriesHistory } },
  }, () => ({ series: view.history() }));

  app.delete('/api/v1/series', {
    schema: {
      tags,
      summary: 'End the series',
      description: 'What was received so far is sent, then series_end; answers with the summary when that is done, or with null when no series was open.',
      response: { 200: schemas.seriesStopped },
    },
  }, async () => ({ summary: await view.stop() }));
}

/** The status with its counters named as JSON names things. */
function statusJson(status: ServiceStatus): object {
  if (status.series === null) return status;
  const ports = status.series.ports.map((port) => ({ ...port, counters: snakeKeys(port.counters) }));
  return { ...status, series: { ...status.series, ports } };
}
