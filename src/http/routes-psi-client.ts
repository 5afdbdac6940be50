// The route of what PSI's client has set: modules, file and metadata of the next series, and what would be refused.

import type { FastifyInstance } from 'fastify';
import type { Schema } from './schema-parts.js';
import { receiversTold } from '../control/sls/told.js';
import type { ReceiverGroup } from '../control/sls/receivers.js';

const text = (description: string): Schema => ({ type: 'string', description });
const whole = (description: string): Schema => ({ type: 'integer', description });
const sentences: Schema = {
  type: 'array',
  items: { type: 'string' },
  description: 'What the next start is refused for',
};

const object = (description: string, properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  description,
  properties,
  required: Object.keys(properties),
});

export const receiversSchema = object("The receivers that PSI's client drives", {
  status: { type: 'string', enum: ['idle', 'transmitting', 'running'], description: 'As rx_status tells' },
  receivers: {
    type: 'array',
    description: 'One for each module, in their order',
    items: object('The receiver of one module', {
      module: whole('Index of the module'),
      locked_by: { ...text('Address that alone may call (rx_lock); null = any'), nullable: true },
      set_up: {
        ...object('What was set since rx_hostname; null = nothing was', {
          hostname: text('Name of the module'),
          detector: text('Its type'),
          udp_ports: {
            type: 'array',
            description: 'Ports of its images',
            items: object('One port', {
              udp_port: whole('Number of the port'),
              on: { type: 'boolean', description: 'The detector sends there' },
            }),
          },
          dynamic_range: whole('Bits per pixel'),
          read_n_rows: whole('Rows that are read out; 0 = all there are'),
          frames: text('Frames of an acquisition'),
        }),
        nullable: true,
      },
    }),
  },
  next: {
    ...object('The next series; null = the first module was not set up', {
      filename: text('File that the consumer writes; "" = live view only'),
      metadata: { type: 'object', additionalProperties: true, description: "Of the header's second part" },
    }),
    nullable: true,
  },
  preview: {
    ...object("PSI's preview stream (sls_preview); null = it is not offered", {
      frames_skipped: whole('Frames that were wanted and had left the ring, since the start of the service'),
    }),
    nullable: true,
  },
  problems: sentences,
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
