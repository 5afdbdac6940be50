// Options of series: the ring, when a series begins and ends, which limits it has, which consumer takes it.
// Tested by test/config/schema.test.ts.

import { z } from 'zod';
import { destinationsMost } from '../detector/frame-share.js';
import { isFilenameTemplate } from './auto-filename.js';
import { parseNetwork } from './networks.js';
import { noted, whole, wholeOrUnset } from './option.js';

/** In the order of the reference. */
export const seriesOptions = {
  frame_rate_hz: noted(z.number().gt(0).max(1000000).optional(), {
    unit: 'Hz',
    range: 'more than 0, up to 1000000',
    description: 'Highest frame rate that is expected; limits in frames are checked against it.',
    unset:
      'unknown: nothing is checked against it, the ring is sized for 1000 Hz and for 32 MiB, whichever is more, as ' +
      'far as 512 MiB reach',
  }),
  ring_frames: wholeOrUnset(
    { unit: 'frames', from: 4, to: 1048576, says: 'Length of the frame ring.' },
    'the most of: two frame_timeout_ms at frame_rate_hz, 64 frames, what 32 MiB hold, and a burst of the detector ' +
      'as far as 512 MiB reach',
  ),
  ring_ms: wholeOrUnset(
    { unit: 'ms', from: 1, to: 600000, says: 'Length of the frame ring at frame_rate_hz, instead of ring_frames.' },
    'see ring_frames',
  ),

  series: noted(z.enum(['armed', 'auto']).default('auto'), {
    unit: null,
    range: 'armed or auto',
    description:
      'Whether a series needs an arm request, or begins with the first packet while a consumer is connected.',
  }),
  frames: whole(
    {
      unit: 'frames',
      from: 0,
      to: 4294967295,
      says: 'Frames of an auto series; 0 lets it last until the detector falls silent.',
    },
    0,
  ),
  auto_filename: noted(z.string().refine(isFilenameTemplate).optional(), {
    unit: null,
    range:
      'an absolute path with {date} and {series} once each, if wanted {detector}, and no other braces: ' +
      '/data/staff/{date}_{series}.h5',
    description:
      'File that the consumer writes for an auto series: {date} is when its header went out (UTC, to the ' +
      'millisecond: 20261129-081502-123), {series} its number since the start (0001), so that no name comes twice; ' +
      'the folder must exist where the consumer runs.',
    unset: 'none: of auto series the consumer writes no file',
  }),
  metadata_defaults: noted(z.record(z.string(), z.unknown()).default({}), {
    unit: null,
    range: 'a map of names to values that an HDF5 file can hold: numbers, text, true or false, lists of these, maps',
    description:
      "Metadata of every series' header, over what the service knows itself and below what the arm request gives: " +
      'sensor_material, sensor_thickness, photon_energy, exptime.',
  }),
  frames_stride: whole(
    {
      unit: 'instances',
      from: 1,
      to: destinationsMost,
      says:
        'How many instances share this detector: it sends its frames to them in turn (PSI: udp_numdst), each frame ' +
        'to one of them.',
    },
    1,
  ),
  frames_offset: noted(
    z
      .union([
        z
          .int()
          .min(0)
          .max(destinationsMost - 1),
        z.literal('hostname'),
      ])
      .default(0),
    {
      unit: null,
      range: 'a whole number, 0 to frames_stride − 1, or hostname',
      description:
        'Which of them this instance is: it takes the frames with this index in the series and every ' +
        "frames_stride-th after it; hostname: the number after the last hyphen of the host's name, which pods of a " +
        'StatefulSet have.',
    },
  ),
  incomplete_frames: noted(z.enum(['mark', 'discard']).default('mark'), {
    unit: null,
    range: 'mark or discard',
    description: 'Send incomplete frames filled and marked, or as discarded (the writer leaves them out).',
  }),
  overtake_frames: whole(
    {
      unit: 'frames',
      from: 2,
      to: 1000,
      says:
        'A port image is closed once its port has seen a frame this far ahead; also the jump of frame numbers that ' +
        'needs three witnesses. Less than the ring.',
    },
    4,
  ),
  frame_timeout_ms: whole(
    {
      unit: 'ms',
      from: 1,
      to: 60000,
      says: 'A port image is closed this long after any port first saw its frame or a later one.',
    },
    500,
  ),
  drain_ms: whole(
    {
      unit: 'ms',
      from: 1,
      to: 10000,
      says:
        'How long a receiver reads on before it obeys a stop or a give-up, when its socket is never found empty. ' +
        'What waited there is read in any case.',
    },
    100,
  ),
  start_window_ms: whole(
    {
      unit: 'ms',
      from: 1,
      to: 60000,
      says:
        'The first frame of a series is the smallest number that arrives within this time of the first packet, ' +
        'unless it was given.',
    },
    20,
  ),
  max_owed_frames: wholeOrUnset(
    {
      unit: 'frames',
      from: 1,
      to: 1000000000,
      says: 'A series is aborted when the consumer is further behind than the ring and this many frames.',
    },
    '10 × the ring',
  ),
  series_idle_ms: whole(
    {
      unit: 'ms',
      from: 1,
      to: 86400000,
      says:
        'An auto series ends after this time without a packet; after three frame periods where they are longer, at ' +
        'most 10 times this.',
    },
    2000,
  ),
  series_timeout_ms: wholeOrUnset(
    {
      unit: 'ms',
      from: 1,
      to: 86400000,
      says: 'An armed series ends after this time without a packet (but not before 5 s).',
    },
    'none, unless the arm request gives a frame period',
  ),
  fill_tail_frames: wholeOrUnset(
    {
      unit: 'frames',
      from: 0,
      to: 1000000000,
      says:
        'When a series falls silent at most so many missing last frames are made up; with more missing the detector ' +
        'was stopped, and nothing is.',
    },
    'overtake_frames, or 1 s of the frame period if that is more',
  ),
  consumer_timeout_ms: whole(
    {
      unit: 'ms',
      from: 1000,
      to: 3600000,
      says:
        'A consumer whose machine has acknowledged nothing for this time, although something is on its way or was ' +
        'asked, is lost.',
    },
    10000,
  ),
  closing_timeout_ms: whole(
    {
      unit: 'ms',
      from: 1,
      to: 3600000,
      says: 'A series that is closing is aborted after this time in which the consumer took nothing.',
    },
    10000,
  ),
  flight_recorder_packets: wholeOrUnset(
    {
      unit: 'packets',
      from: 0,
      to: 1048576,
      says:
        'Headers and arrival times of so many last packets of each port are kept in memory (64 bytes each) for the ' +
        'flight recorder; 0 switches it off.',
    },
    '65536, fewer with more than 16 ports: 64 MiB for all',
  ),
  flight_recorder_dir: noted(z.string().min(1).optional(), {
    unit: null,
    range: 'a folder, which is made when it is missing',
    description:
      'Where the flight recorder writes when packets begin to be lost, and when asked; the newest 20 recordings are ' +
      'kept, 192 MiB at most.',
    unset: 'nothing is written: POST /api/v1/flight-recorder answers with the recording',
  }),
  receiver_url: noted(z.string().refine(isHttpUrl).optional(), {
    unit: null,
    range: 'an http or https URL',
    description:
      'The receiver that consumes the stream (streaming-receiver): its /status and /received_frames are ' +
      'looked at, so ' +
      'that state and summaries say what it has received. The service never waits for it.',
    unset: 'the receiver is not asked',
  }),
  history_dir: noted(z.string().min(1).optional(), {
    unit: null,
    range: 'a folder, which is made when it is missing',
    description:
      'Where summaries of the last 100 series are kept, so that they survive the service; numbers of series go on ' +
      'from there.',
    unset: 'the history is forgotten at the end of the service',
  }),
  notify_url: noted(z.string().refine(isHttpUrl).optional(), {
    unit: null,
    range: 'an http or https URL',
    description:
      'Where a JSON text is posted when a series has ended and when something begins to be wrong. The service never ' +
      'waits for it.',
    unset: 'nothing is posted',
  }),
  consumer_source: noted(z.array(z.string().refine((text) => parseNetwork(text) !== null)).default([]), {
    unit: null,
    range: 'a list of IPv4 or IPv6 addresses or networks, as 192.0.2.7 or 10.1.0.0/16',
    description:
      'Where consumers may connect from; empty = from anywhere. Only send: zmtp looks at addresses: with another ' +
      'way, configured or because zmtp cannot be had, the service does not start. Viewers of preview may connect ' +
      'from anywhere.',
  }),
  consumer_connections: whole(
    {
      unit: 'connections',
      from: 1,
      to: 64,
      says:
        'Connections of the one consumer (its nworkers) to each socket. No more are let in; send: zeromq.js lets in ' +
        'all, and says so.',
    },
    1,
  ),
} as const;

/** A URL that can be posted to: no other scheme, no user and password in it, which no request would carry. */
function isHttpUrl(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text);
    return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
  } catch {
    return false;
  }
}
