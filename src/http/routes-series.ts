// Routes that open, watch and end a series.

import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import { armProperties, checkArmRequest } from '../control/arm-request.js';
import type { JsonNode } from '../base/json-text.js';
import type { SeriesStop } from '../contract/series.js';
import { ArmRefused } from '../control/arm-refused.js';
import type { ServiceStatus, ServiceView } from '../view/service-view.js';
import { snakeKeys } from '../base/snake-case.js';

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

  app.post('/api/v1/series/halt', {
    schema: {
      tags,
      summary: 'Halt a shared series',
      description: 'The first half of stopping a series that several instances share (frames_stride): what is queued is read, then no more packets are accepted. Answers with how many frames were seen; the largest of all instances\' answers goes to DELETE /api/v1/series as `frames`. Without that the part is cut short after closing_timeout_ms.',
      response: { 200: schemas.seriesHalted, 409: schemas.problems, 503: schemas.problems },
    },
  }, async () => {
    if (view.config.share.stride === 1) throw new ArmRefused(409, ['this instance shares its detector with no other (frames_stride: 1): DELETE /api/v1/series ends its series']);
    return { halted: await view.halt() };
  });

  app.delete<{ Querystring: { frames?: string; withdraw?: string; fill?: string } }>('/api/v1/series', {
    schema: {
      tags,
      summary: 'End the series',
      description: 'What was received so far is sent, then series_end; answers with the summary when that is done, or with null when no series was open. A series that several instances share is halted on all of them first, and then needs `frames`.',
      querystring: {
        type: 'object',
        properties: {
          frames: { type: 'string', description: 'Only for a shared series, and needed there: its frames, the largest that an instance answered when it was halted.' },
          fill: { type: 'string', enum: ['true', 'false'], description: 'true = all frames that were asked for go out, those that never came made up as missing. Not for a shared series.' },
          withdraw: { type: 'string', description: 'Only for a shared series: true = its header was not handed over, nothing is sent; with frames=0.' },
        },
      },
      response: { 200: schemas.seriesStopped, 409: schemas.problems, 422: schemas.problems, 503: schemas.problems },
    },
  }, async ({ query }) => ({ summary: await view.stop(seriesStop(query, view.config.share.stride), wantsFill(query.fill, view.config.share.stride)) }));
}

/** @throws ArmRefused (422) */
function wantsFill(fill: string | undefined, stride: number): boolean {
  if (fill === 'true' && stride > 1) throw new ArmRefused(422, ['fill: goes only with a series of one instance; of a shared one give frames']);
  return fill === 'true';
}

/** @throws ArmRefused (422) */
function seriesStop({ frames, withdraw }: { frames?: string; withdraw?: string }, stride: number): SeriesStop | undefined {
  if (frames === undefined && withdraw === undefined) return undefined;
  const problems: string[] = [];
  if (stride === 1) problems.push('frames, withdraw: go only with a series that several instances share (frames_stride)');
  if (!/^[0-9]{1,16}$/.test(frames ?? '') || !Number.isSafeInteger(Number(frames))) problems.push(`frames: ${frames === undefined ? 'is missing' : JSON.stringify(frames.slice(0, 40))}, needs a whole number`);
  if (withdraw !== undefined && withdraw !== 'true' && withdraw !== 'false') problems.push('withdraw: needs true or false');
  if (problems.length > 0) throw new ArmRefused(422, problems);
  return { frames: Number(frames), withdraw: withdraw === 'true' };
}

/** The status with its counters named as JSON names things. */
function statusJson(status: ServiceStatus): object {
  if (status.series === null) return status;
  const ports = status.series.ports.map((port) => ({ ...port, counters: snakeKeys(port.counters) }));
  return { ...status, series: { ...status.series, ports } };
}
