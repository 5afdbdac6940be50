// PSI's preview stream of the running service. Comes in: frames that the view finds in the ring. Goes out: images of
// the ports on PUB sockets of zeromq.js, which drop what a peer does not take. Main thread; nothing of the data path
// waits for it.
// Tested by test/threads/sls-preview.test.ts.

import { Publisher } from 'zeromq';
import { systemClock } from '../base/clock.js';
import type { ServiceConfig } from '../config/service-config.js';
import { Preview } from '../control/sls/preview.js';
import type { PreviewFrame, PreviewImage, PreviewSocket } from '../control/sls/preview.js';
import type { FrameIndex } from '../detector/frame-share.js';
import { makeLayout } from '../detector/layout.js';
import { PortImages } from '../detector/port-image.js';
import type { MissingByPort } from '../detector/pixel-states.js';
import type { DetectorSettings } from '../detector/settings.js';
import type { LastSent } from '../view/service-view.js';
import type { StandingView } from '../view/standing-view.js';
import { delay } from './delay.js';

/** Messages that wait for a peer at most; the client may ask for fewer. Of large images a few are much. */
const mostWaiting = 10;
/** libzmq's own thread frees the port of a socket that was closed, a moment later: so long is tried again, ms. */
const freedMs = 500;
const tryAgainMs = 10;

/** @param host of the receivers */
export function slsPreview(view: StandingView, host: string): Preview {
  let images: { readonly of: DetectorSettings; readonly images: PortImages } | null = null;
  const imagesOf = (detector: DetectorSettings): PortImages => {
    if (images?.of !== detector) images = { of: detector, images: new PortImages(detector) };
    return images.images;
  };
  return new Preview({
    clock: systemClock,
    newest: (seriesId) => {
      const told = view.plane?.newestSent() ?? null;
      return told?.series === seriesId ? told.frameIndex : -1;
    },
    frame: (index) => {
      const sent = view.sentFrame({ by: 'index', value: index as FrameIndex });
      return typeof sent === 'string' ? null : takenApart(sent, view.config, imagesOf(view.config.detector));
    },
    open: async (port, highWaterMark) => openSocket(host, port, highWaterMark),
    every: (milliseconds, run) => {
      const timer = setInterval(run, milliseconds);
      return () => clearInterval(timer);
    },
  });
}

async function openSocket(host: string, port: number, highWaterMark: number): Promise<PreviewSocket> {
  const socket = new Publisher({
    sendHighWaterMark: highWaterMark <= 0 ? mostWaiting : Math.min(highWaterMark, mostWaiting),
    linger: 0,
    tcpKeepalive: 1,
    tcpKeepaliveIdle: 60,
    tcpKeepaliveCount: 10,
    tcpKeepaliveInterval: 1,
  });
  try {
    await bindWhenFree(socket, `tcp://${host}:${port}`);
  } catch (error) {
    socket.close();
    throw new Error(
      `Could not create zmq pub socket on port ${port}: it is taken, or not of this machine. Set rx_zmqport to one ` +
        'that is free',
      { cause: error },
    );
  }
  // One message after the other; a PUB never waits.
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  return {
    send: (parts) => {
      last = last.then(() => (closed ? undefined : socket.send([...parts]))).catch(() => undefined);
    },
    close: () => {
      // What was given to it goes first.
      void last.then(() => {
        closed = true;
        socket.close();
      });
    },
  };
}

async function bindWhenFree(socket: Publisher, address: string): Promise<void> {
  for (const end = systemClock.now() + freedMs; ; await delay(tryAgainMs))
    try {
      return await socket.bind(address);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || systemClock.now() >= end) throw error;
    }
}

/** A frame as its ports have sent it. */
function takenApart(sent: LastSent, { detector }: ServiceConfig, images: PortImages): PreviewFrame {
  const { header, places, pixels, packetHeaders = {} } = sent;
  const { dynamicRange, readNRows } = places;
  const layout = makeLayout(detector, { dynamicRange, readNRows });
  const missing = (header['missing'] ?? {}) as MissingByPort;
  const { rows, columns } = layout.profile.portImage;
  return {
    frameIndex: header['frame'] as number,
    frameNumber: header['frame_number'] as number,
    images: layout.ports
      .filter(({ off }) => !off)
      .map(({ udpPort, expectedPosition }): PreviewImage => {
        const { row, column } = layout.positions[places.positions[udpPort] ?? expectedPosition];
        return {
          udpPort,
          bytes: images.of(udpPort, places, pixels),
          shape: [columns, rows],
          bitmode: dynamicRange,
          header: packetHeaders[udpPort] ?? null,
          place: { row, column },
          expectedPackets: layout.expectedPackets,
          missingPackets: (missing[udpPort] ?? []).reduce((sum, [first, last]) => sum + last - first + 1, 0),
        };
      }),
  };
}
