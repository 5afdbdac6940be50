// The route of what PSI's client has set: modules, file and metadata of the next series, and what would be refused.

import type { FastifyInstance } from 'fastify';
import { psiStatuses } from '../contract/receivers-told.js';
import { receiversTold } from '../control/sls/told.js';
import type { ReceiverGroup } from '../control/sls/receivers.js';
import { count, flag, list, object, orNull, text } from './schema-parts.js';

const port = object('One port', { udp_port: count('Number of the port'), on: flag('The detector sends there') });

const receiver = object('The receiver of one module', {
  module: count('Index of the module'),
  locked_by: orNull(text('Address that alone may call (rx_lock); null = any')),
  set_up: orNull(
    object('What was set since rx_hostname; null = nothing was', {
      hostname: text('Name of the module'),
      detector: text('Its type'),
      udp_ports: list(port, 'Ports of its images'),
      dynamic_range: count('Bits per pixel'),
      read_n_rows: count('Rows that are read out; 0 = all there are'),
      frames: text('Frames of an acquisition'),
    }),
  ),
});

export const receiversSchema = object("The receivers that PSI's client drives", {
  status: { type: 'string', enum: psiStatuses, description: 'As rx_status tells' },
  receivers: list(receiver, 'One for each module, in their order'),
  next: orNull(
    object('The next series; null = the first module was not set up', {
      filename: text('File that the consumer writes; "" = live view only'),
      metadata: { type: 'object', additionalProperties: true, description: "Of the header's second part" },
    }),
  ),
  preview: orNull(
    object("PSI's preview stream (sls_preview); null = it is not offered", {
      frames_skipped: count('Frames that were wanted and had left the ring, since the start of the service'),
    }),
  ),
  problems: { type: 'array', items: { type: 'string' }, description: 'What the next start is refused for' },
});

/** Add /api/v1/receivers. */
export function addPsiClientRoutes(app: FastifyInstance, group: ReceiverGroup): void {
  app.get(
    '/api/v1/receivers',
    {
      schema: {
        tags: ['service'],
        summary: "What PSI's client has set",
        description: 'Only where receiver_ports are configured (docs/from-psi-client.md).',
        response: { 200: receiversSchema },
      },
    },
    () => receiversTold(group),
  );
}
