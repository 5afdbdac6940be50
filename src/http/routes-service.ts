// Routes about the service itself: ports, configuration, health, metrics.
// Tested by test/http/http.test.ts.

import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import { configJson } from './config-json.js';
import { makeMetrics } from '../metrics/metrics.js';
import type { BuildInfo } from '../metrics/metric-row.js';
import type { ServiceView } from '../view/service-view.js';

/** Add /api/v1/udp, /api/v1/config, /api/v1/doctor, /healthz, /readyz and /metrics. */
export function addServiceRoutes(app: FastifyInstance, view: ServiceView, build: BuildInfo): void {
  const tags = ['service'];
  const metrics = makeMetrics(view, build);

  app.get(
    '/api/v1/udp',
    {
      schema: {
        tags,
        summary: 'Addresses, ports and buffers that the detector sends to',
        response: { 200: schemas.udpStatus },
      },
    },
    () => ({ ports: view.udpPorts() }),
  );

  app.get(
    '/api/v1/config',
    {
      schema: { tags, summary: 'The configuration, defaults filled in', response: { 200: schemas.configuration } },
    },
    () => configJson(view.config),
  );

  app.get(
    '/api/v1/doctor',
    {
      schema: {
        tags,
        summary:
          'Is there anything on this machine that loses data: each check with what was seen, what is needed and the ' +
          'remedy',
        response: { 200: schemas.doctorReport },
      },
    },
    () => view.doctor(),
  );

  app.get(
    '/healthz',
    {
      schema: { tags, summary: 'Is every thread turning', response: { 200: schemas.health, 503: schemas.health } },
    },
    (_, reply) => {
      const { alive, reasons } = view.liveness();
      return reply.code(alive ? 200 : 503).send({ alive, reasons });
    },
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'Can the service do its work (a consumer is not needed for that)',
        response: { 200: schemas.readiness, 503: schemas.readiness },
      },
    },
    (_, reply) => {
      const { ready, reasons } = view.readiness();
      return reply.code(ready ? 200 : 503).send({ ready, reasons, problems: view.status().problems });
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        summary: 'Metrics for Prometheus',
        response: { 200: schemas.content('text/plain', 'Text format of Prometheus') },
      },
    },
    async (_, reply) => reply.type(metrics.contentType).send(await metrics.render()),
  );
}
