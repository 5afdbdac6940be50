// The shape of what the flight recorder answers, as OpenAPI shows it at /docs.
// Tested by test/http/routes-flight-recorder.test.ts.

import type { Schema } from './schema-parts.js';

const text = (description: string): Schema => ({ type: 'string', description });
const count = (description: string): Schema => ({ type: 'integer', description });
const object = (description: string, properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  description,
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const classReport = object('Packets of one class', {
  class: text('Class of the packets'),
  count: count('Packets in the recording'),
  first_at: text('When the first came, ISO 8601'),
  last_at: text('When the last came, ISO 8601'),
  first_frame_number: { ...count('Frame number of the first; null = its header tells none'), nullable: true },
  last_frame_number: { ...count('Frame number of the last'), nullable: true },
});

const portReport = object('What is recorded of one port', {
  udp_port: count('UDP port'),
  packets: count('Packets in the recording'),
  missing_packets: count('Packets that were missing in closed port images since the start of the service'),
  loss_began: { type: 'boolean', description: 'A loss that began on this port is the reason for the recording' },
  classes: { type: 'array', items: classReport, description: 'Packets by class' },
});

export const flightReport = object('What was written', {
  pcap_file: text('The capture file'),
  report_file: text('The report beside it'),
  report: object('What is in the capture file', {
    detector: text('Name of the detector'),
    reason: { type: 'string', enum: ['request', 'loss'], description: 'Why it was recorded' },
    recorded_at: text('When, ISO 8601'),
    first_at: { ...text('When the first packet came; null = there is none'), nullable: true },
    last_at: { ...text('When the last packet came'), nullable: true },
    packets: count('Packets of all ports'),
    ports: { type: 'array', items: portReport, description: 'Ports that are on' },
  }),
});
