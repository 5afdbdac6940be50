// The shape of what the flight recorder answers, as OpenAPI shows it at /docs.
// Tested by test/http/routes-flight-recorder.test.ts.

import { classNames } from '../flight/pcap.js';
import { count, flag, list, object, orNull, text } from './schema-parts.js';

const classReport = object('Packets of one class', {
  class: { type: 'string', enum: classNames, description: 'Class of the packets' },
  count: count('Packets in the recording'),
  first_at: text('When the first came, ISO 8601'),
  last_at: text('When the last came, ISO 8601'),
  first_frame_number: orNull(count('Frame number of the first; null = its header tells none')),
  last_frame_number: orNull(count('Frame number of the last')),
});

const portReport = object('What is recorded of one port', {
  udp_port: count('UDP port'),
  packets: count('Packets in the recording'),
  missing_packets: count('Packets that were missing in closed port images since the start of the service'),
  loss_began: flag('A loss that began on this port is the reason for the recording'),
  classes: list(classReport, 'Packets by class'),
});

export const flightReport = object('What was written', {
  pcap_file: text('The capture file'),
  report_file: text('The report beside it'),
  report: object('What is in the capture file', {
    detector: text('Name of the detector'),
    reason: { type: 'string', enum: ['request', 'loss'], description: 'Why it was recorded' },
    recorded_at: text('When, ISO 8601'),
    first_at: orNull(text('When the first packet came; null = there is none')),
    last_at: orNull(text('When the last packet came')),
    packets: count('Packets of all ports'),
    ports: list(portReport, 'Ports that are on'),
  }),
});
