// The shapes of the API's answers as OpenAPI shows them at /docs. They describe and do not filter: answers are written
// as they are, and a test holds them against these schemas.
// Tested by test/http/http.test.ts.

import { abortReasons } from '../contract/abort-reasons.js';
import { checkStatuses } from '../contract/check-statuses.js';
import { lossCauses } from '../contract/loss-causes.js';
import { receiverStates } from '../contract/receiver-states.js';
import { codesOf } from '../contract/row.js';
import type { Row } from '../contract/row.js';
import { seriesStates } from '../contract/series.js';
import { portCounterTable } from '../memory/counters.js';
import { pixelBytes } from '../detector/pixel-type.js';
import { refusals } from '../contract/refusals.js';
import { snakeCase } from '../base/snake-case.js';
import { dataSocket, preview, underway } from './output-schemas.js';
import { historyLength } from '../view/told-series.js';
import { count, flag, list, object, orNull, text } from './schema-parts.js';
import type { Schema } from './schema-parts.js';

/** A code of a closed list, each with its sentence. */
const oneOf = <Code extends string>(rows: Readonly<Record<Code, Row>>, description: string): Schema => ({
  type: 'string',
  enum: codesOf(rows),
  description: `${description}. ${codesOf(rows)
    .map((code) => `${code}: ${rows[code].says}`)
    .join('; ')}`,
});
/** Stands beside `problems` wherever these name a document. */
const help = list(
  { type: 'string' },
  'Where this service has the documents that the sentences name, below its address',
);

export const problems = object(
  'What is wrong: one sentence each, with the remedy',
  { problems: list({ type: 'string' }, 'Sentences'), help },
  ['help'],
);

export const refused = object(
  'Why an order is not carried out',
  {
    why: {
      type: 'string',
      enum: codesOf(refusals),
      description: codesOf(refusals)
        .map((code) => `${code}: ${refusals[code].says}. ${refusals[code].remedy}.`)
        .join('\n'),
    },
    problems: list({ type: 'string' }, 'What is wrong here: one sentence each, with the remedy'),
    help,
  },
  ['help'],
);

const missingByCause = Object.fromEntries(
  codesOf(lossCauses).map((cause) => [
    cause,
    orNull(count(`Missing packets: ${lossCauses[cause].short}; null = the kernel tells nothing`)),
  ]),
);

const packets = {
  expected: count('Packets that the frames of the series should have had'),
  accepted: count('Packets placed in a frame'),
  missing: count('Packets that were missing when their port image was closed'),
  ...missingByCause,
  duplicate: count('Packets that came again'),
  reordered: count('Accepted packets that came after a later one'),
  late_duplicate: count('Packets that came again after their port image was closed'),
  late_unknown: count('Packets of frames that had left the ring'),
  malformed: count('Packets that failed the check'),
  foreign: count('Packets that do not belong to the series'),
};

const portLedger = object(
  `Packets of one port in one series: expected = accepted + missing, missing = ${codesOf(lossCauses).join(' + ')}`,
  {
    udp_port: count('UDP port'),
    ...packets,
    socket_limited: flag('The kernel dropped more packets than were missing'),
    kernel_drops: orNull(count('Packets that the kernel dropped on this socket')),
  },
);

export const seriesSummary = object(
  'How a series went',
  {
    series_id: count(
      'Number of the series: counted from the start of the service, or with history_dir from the last one there',
    ),
    filename: text('File that the consumer wrote; empty = live view only'),
    auto: flag('Opened by the first packet, not by a request'),
    frames: count('Images sent: complete + marked + discarded'),
    complete: count('Images without a missing packet'),
    marked: count('Incomplete images, sent filled and marked'),
    discarded: count('Incomplete images, sent as discarded'),
    unsent: count('Frames dropped without a number; only in aborted series'),
    aborted: oneOf(abortReasons, 'Why the series was cut short'),
    delivered_frames: count(
      "Of a series that lost its consumer: frames, from the first on, that the consumer's machine had " +
        'acknowledged; left out where the way out cannot tell',
    ),
    lost_endpoint: text('Of the same, with several sockets: which of them it had been connected to'),
    incomplete: list(
      list({ type: 'integer' }, 'First and last frame index'),
      'Ranges of frames that were not complete',
    ),
    truncated: flag('There are more ranges than these'),
    first_frame_number: orNull(count("The detector's number of the first frame; null = no frame came")),
    ledger: list(portLedger, 'Loss by port'),
    warnings: list({ type: 'string' }, 'Settings that look wrong, with their remedy'),
    header_sent: flag('The header was handed to zmq'),
    end_pending: flag('The series_end waits for a consumer'),
    undelivered: object(
      'In the answer to a stop: what was handed over and had not reached the consumer in time; absent = nothing, ' +
        'or it cannot be told',
      {
        messages: count('Messages'),
        bytes: count('Bytes on the wire'),
      },
    ),
    received_by_consumer: orNull(
      count(
        'Images that the receiver has received, once it was done with the series; null = it was not seen with the ' +
          'series; absent = not known yet, or no receiver_url',
      ),
    ),
    receiver_error: text('Why the receiver could not save them'),
    shared: object("This is one instance's part of a series that several share; frames and ledger are its own", {
      stride: count('Instances'),
      offset: count('Which of them this is'),
      frames: count('Frames of the whole series'),
      msg_number_base: count('Number of the header; frame i is message base + 1 + i, series_end base + 1 + frames'),
    }),
  },
  ['aborted', 'delivered_frames', 'lost_endpoint', 'undelivered', 'received_by_consumer', 'receiver_error', 'shared'],
);

const currentPort = object('One port since the series was opened', {
  udp_port: count('UDP port'),
  packets: object('What became of its packets, as if the series ended now', packets),
  counters: object(
    'Packets and port images by class',
    Object.fromEntries(portCounterTable.map(({ id, help }) => [snakeCase(id), count(help)])),
  ),
  newest_frame_number: orNull(count('Highest frame number seen on this port')),
  sender: orNull(text('Address and port that its packets come from; null = not known yet')),
  second_sender: orNull(text('The first other sender of this series')),
  foreign_sender: orNull(text('The first sender that udp_source does not have')),
});

const currentSeries = object('The series that is open', {
  series_id: count(
    'Number of the series: counted from the start of the service, or with history_dir from the last one there',
  ),
  filename: text('File that the consumer writes; empty = live view only'),
  auto: flag('Opened by the first packet, not by a request'),
  frames: count('Frames of the series; 0 = until stopped'),
  header_pending: flag('The header waits for a consumer'),
  msg_number_base: orNull(count('Number of the header, as the request gave it')),
  first_frame_number: orNull(count("The detector's number of the first frame")),
  highest_frame_number: orNull(count('Highest frame number seen on any port')),
  images_sent: count('Images handed to zmq'),
  complete: count('Images without a missing packet'),
  marked: count('Incomplete images, sent filled and marked'),
  discarded: count('Incomplete images, sent as discarded'),
  ports: list(currentPort, 'Counters by port'),
});

const state: Schema = { type: 'string', enum: seriesStates, description: 'State of the series' };

export const serviceStatus = object(
  'What the service is doing',
  {
    state,
    message: text('What the service is doing or waiting for'),
    problems: list({ type: 'string' }, 'What is wrong: what, where, remedy'),
    consumers: count('Consumers connected to the stream'),
    underway,
    data_sockets: list(dataSocket, 'The sockets of data_port; images leave by them in turns'),
    preview: orNull(preview),
    end_pending: flag('The series_end of the last series waits for a consumer'),
    next_msg_number: count('The least that a request may give as msg_number_base'),
    frames_stride: count('How many instances share the detector'),
    frames_offset: count('Which of them this is'),
    series: orNull(currentSeries),
    last_series: orNull(seriesSummary),
    help,
  },
  ['help'],
);

export const seriesOpened = object('The series is open: the detector may be started', {
  series_id: count(
    'Number of the series: counted from the start of the service, or with history_dir from the last one there',
  ),
  msg_number: orNull(count('Number of the header message; null = the header waits')),
  header_pending: flag('The header waits for a consumer'),
  state,
  shape: list({ type: 'integer' }, 'Rows and columns of its images'),
  type: { type: 'string', enum: Object.keys(pixelBytes), description: 'Type of a pixel, as numpy calls it' },
  warnings: list(
    { type: 'string' },
    'Sentences that refuse nothing, and matter before the detector starts: the file is that of an earlier series',
  ),
});

export const seriesStopped = object('The series has ended', { summary: orNull(seriesSummary) });

export const seriesHalted = object('No more packets are accepted', {
  halted: orNull(
    object("This instance's part of the series", {
      msg_number_base: count('Number of the header: which series it is'),
      frames: count(
        'Index of the last frame of which a packet was seen here, plus 1; after the end, frames of the whole series',
      ),
      ended: flag('The part is over; else it waits to be told where the series ends'),
    }),
  ),
});

export const seriesHistory = object('The last series, newest first', {
  series: list(seriesSummary, `At most ${historyLength}`),
});

export const udpStatus = object('Where the detector must send its packets', {
  ports: list(
    object('One port', {
      udp_port: count('UDP port'),
      off: flag('The detector sends nothing here'),
      address: text('IP address'),
      interface: orNull(text('Network interface')),
      mac: orNull(text('MAC address of the interface')),
      mtu: orNull(count('MTU of the interface, bytes')),
      packet_bytes: count('Bytes of one packet: UDP payload, without IP and UDP headers'),
      receive_buffer_requested_bytes: count('Socket buffer asked of the kernel'),
      receive_buffer_granted_bytes: orNull(count('Socket buffer that the kernel granted')),
      socket_queue_bytes: orNull(count('Bytes waiting in the socket')),
      kernel_drops: orNull(count('Packets dropped because the socket was full')),
    }),
    'In the order of udp_ports',
  ),
});

export const receiverStatus = object(
  'State as streaming-receiver has it',
  {
    state: {
      type: 'string',
      enum: receiverStates,
      description: 'running while a series is open or closing; error when a thread of the service stands still',
    },
    error: text('What is wrong, with state error'),
  },
  ['error'],
);

export const value = object('One number', { value: count('The number') });

export const health = object('Is every thread turning', {
  alive: flag('Yes or no'),
  reasons: list({ type: 'string' }, 'Why not'),
});

export const readiness = object(
  'Can the service do its work',
  {
    ready: flag('Yes or no'),
    reasons: list({ type: 'string' }, 'Why not'),
    problems: list({ type: 'string' }, 'All that is wrong, as in the status; some of it does not stand in the way'),
    help,
  },
  ['help'],
);

export const doctorReport = object('Checks of machine and service', {
  ok: flag('No check failed'),
  name: orNull(text('The detector')),
  failed: count('Checks that failed'),
  warnings: count('Checks that warn'),
  checks: list(
    object('One check', {
      check: text('Its name'),
      status: { type: 'string', enum: checkStatuses, description: 'What came of it' },
      seen: text('What was seen'),
      needed: text('What is needed'),
      remedy: orNull(text('Command or setting that mends it')),
      loses_data: flag('A series is opened only with force while this is so'),
      docs: text('Where the documentation says more'),
    }),
    'Checks that were made',
  ),
  not_checked: list(
    object('A check that was not made', { check: text('Its name'), reason: text('Why not') }),
    'Checks that could not be made here',
  ),
});

export const configuration: Schema = {
  type: 'object',
  additionalProperties: true,
  description: 'Keys as in the configuration file, defaults filled in; null = not set',
};

/** A response that is no JSON. */
export function content(
  type: string,
  description: string,
): { description: string; content: Record<string, { schema: Schema }> } {
  return { description, content: { [type]: { schema: { type: 'string', format: 'binary' } } } };
}
