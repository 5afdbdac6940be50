// The plan of what lies between the ring and the consumer: the kernel's send buffers, where the service speaks zmq's
// protocol itself, or zmq's queue in this process. Comes in: how messages leave, and a frame's bytes. Goes out: how
// much may wait there. The ring is the real queue, because what waits here is lost with a consumer that goes.

import { mebibyte } from '../base/units.js';
import type { ServiceConfig } from './service-config.js';
import { planned, wayOutFacts } from './ways.js';

/** What zmq may queue for one consumer. */
const queueBytes = 64 * mebibyte;
const queueMessagesLeast = 4;
/** What the kernel is asked to hold for one consumer. */
const bufferBytes = { least: 4 * mebibyte, most: 64 * mebibyte } as const;
const bufferFrames = 4;
/**
 * Copies of frames for viewers: those on their way at once, to viewers of different speed, and the last of a series
 * that waits for room.
 */
export const previewFrames = 4;

/** Sizes in bytes, times in milliseconds; null = unknown without a frame rate. */
export interface SendQueuePlan {
  readonly sendQueue: {
    readonly of: 'kernel' | 'zmq';
    /** Frames, for each connection. */
    readonly frames: number;
    /** The most that all connections of all sockets hold: the kernel doubles what it is asked for. */
    readonly bytes: number;
    readonly milliseconds: number | null;
  };
  /** Send buffer asked of the kernel for each consumer's connection, where that is the queue. */
  readonly sendBufferBytes: number;
  /** Messages that zmq may queue for each consumer, where it does. */
  readonly highWaterMark: number;
  /** What viewers of `preview` take: copies of frames, and the kernel's send buffer of one viewer. */
  readonly previewBytes: number;
}

/**
 * @param frameBytes of the largest frame @param rateHz frames of this instance in a second
 */
export function planSendQueue(
  {
    send,
    sendBufferBytes: asked,
    consumerConnections,
    dataPorts,
    preview,
  }: Pick<ServiceConfig, 'send' | 'sendBufferBytes' | 'consumerConnections' | 'dataPorts' | 'preview'>,
  frameBytes: number,
  rateHz: number | null,
): SendQueuePlan {
  const connections = consumerConnections * dataPorts.length;
  const highWaterMark = Math.max(queueMessagesLeast, Math.floor(queueBytes / frameBytes));
  const sendBufferBytes = asked ?? Math.min(bufferBytes.most, Math.max(bufferBytes.least, bufferFrames * frameBytes));
  const { queue } = planned(wayOutFacts, send);
  const inKernel = queue === 'kernel';
  const frames = inKernel ? Math.floor(sendBufferBytes / frameBytes) : highWaterMark;
  return {
    sendQueue: {
      of: queue,
      frames,
      bytes: connections * (inKernel ? 2 * sendBufferBytes : highWaterMark * frameBytes),
      milliseconds: rateHz === null ? null : (frames * connections * 1000) / rateHz,
    },
    sendBufferBytes,
    highWaterMark,
    previewBytes: preview === null ? 0 : previewFrames * frameBytes + 2 * sendBufferBytes,
  };
}
