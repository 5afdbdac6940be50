// The route of the flight recorder: the last packets as a capture file, written to the configured folder, or given as
// the answer.

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import * as schemas from './api-schemas.js';
import { flightReport } from './flight-schemas.js';
import { whyNotWritten } from '../flight/folder.js';
import type { FlightRecorder } from '../flight/recorder.js';

/** Recordings in hand at once: each is a copy of all rings. */
const answersLimit = 4;

/** Add /api/v1/flight-recorder. @param now the recorder of the data plane; null = there is none */
export function addFlightRecorderRoutes(
  app: FastifyInstance,
  now: () => Pick<FlightRecorder, 'on' | 'folder' | 'take' | 'write'> | null,
): void {
  let answering = 0;

  app.post(
    '/api/v1/flight-recorder',
    {
      schema: {
        tags: ['service'],
        summary: 'Record the packets that came last',
        description:
          'Headers, arrival times and classes of the last packets of each port. With `flight_recorder_dir` they ' +
          'are written there as a capture file, a report beside it, and the answer names both; without, the capture ' +
          'file is the answer. `vdcu explain FILE.pcap` tells what happened.',
        response: {
          200: schemas.content('application/vnd.tcpdump.pcap', 'The capture file, where no folder is configured'),
          201: flightReport,
          500: schemas.problems,
          503: schemas.problems,
          507: schemas.problems,
        },
      },
    },
    async (_, reply) => {
      const recorder = now();
      if (recorder === null)
        return reply.code(503).send({ problems: ['nothing is received yet, so nothing can be recorded (/readyz)'] });
      if (!recorder.on)
        return reply.code(503).send({
          problems: ['the flight recorder is off: flight_recorder_packets is 0. Set it, and start the service again'],
        });
      if (answering >= answersLimit)
        return reply
          .code(503)
          .send({ problems: [`${answering} recordings are being written or fetched. Ask again when they are done`] });
      // It may fail for want of memory, and answers nobody then.
      const recording = recorder.take('request');
      answering++;
      if (recorder.folder !== null) {
        try {
          return await reply.code(201).send(await recorder.write(recording));
        } catch (error) {
          const { full, text } = whyNotWritten(error);
          return await reply
            .code(full ? 507 : 500)
            .send({ problems: [`the recording cannot be written: ${text} (docs/operating.md#flight-recorder)`] });
        } finally {
          answering--;
        }
      }
      const pieces = Readable.from(recording.pcap());
      pieces.once('close', () => answering--);
      return reply
        .type('application/vnd.tcpdump.pcap')
        .header('content-disposition', `attachment; filename="${recording.name}.pcap"`)
        .send(pieces);
    },
  );
}
