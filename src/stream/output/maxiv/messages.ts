// The messages of the stream as bytes: header, image, series_end. Contract: docs/stream.md; every field that a consumer
// of the standard needs comes first, our extra fields after it.

import { imageKindText } from '../../../contract/image-text.js';
import type { SeriesSummary } from '../../../contract/series.js';
import type { Form, ImageFacts, ImageShape } from '../output.js';
import { JsonBytes } from './json-bytes.js';

const encoder = new TextEncoder();

/** Part 0 of a `header` message; part 1 is the metadata. */
export function headerMessage(msgNumber: number, filename: string): Uint8Array {
  return encoder.encode(`{"htype":"header","msg_number":${msgNumber},"filename":${JSON.stringify(filename)}}`);
}

/** Part 0 of the `image` messages of a series, all in the same memory: each is valid until the next is made. */
export class ImageMessages {
  readonly #json = new JsonBytes(1024);
  readonly #begin = encoder.encode('{"htype":"image","msg_number":');
  readonly #frame = encoder.encode(',"frame":');
  /** The constant middle. */
  readonly #shape: Uint8Array;
  readonly #complete = encoder.encode(',"complete":true,"missing_packets":0');
  readonly #headerKeys: readonly Uint8Array[];
  readonly #end = encoder.encode('}');

  /** @param images as they leave @param compression of the bytes that follow */
  constructor(images: ImageShape, compression: Form['encoding'] = 'none') {
    const { shape, type, headerKeys, exposureTime } = images;
    const exposure = exposureTime === null ? '' : `"exposure_time":${exposureTime},`;
    this.#shape = encoder.encode(`${imageKindText({ shape, type, compression })}${exposure}"frame_number":`);
    this.#headerKeys = headerKeys.map((key) => encoder.encode(`,${JSON.stringify(key)}:`));
  }

  make(msgNumber: number, facts: ImageFacts): Uint8Array {
    const json = this.#json;
    json.begin();
    json.add(this.#begin);
    json.addNumber(msgNumber);
    json.add(this.#frame);
    json.addNumber(facts.frameIndex);
    json.add(this.#shape);
    json.addNumber(facts.frameNumber);
    if (facts.reason === null) json.add(this.#complete);
    else json.addText(incompleteText(facts));
    const values = facts.headerValues;
    for (let index = 0; index < values.length; index++) {
      json.add(this.#headerKeys[index]);
      json.addNumber(values[index]);
    }
    if (facts.discard) json.addText(',"discard":true');
    json.add(this.#end);
    return json.bytes;
  }
}

function incompleteText({ missingPackets, missing, reason }: ImageFacts): string {
  const ports = missing.map(
    (port) => `"${port.udpPort}":[${port.ranges.map(([first, last]) => `[${first},${last}]`).join(',')}]`,
  );
  return `,"complete":false,"missing_packets":${missingPackets},"reason":"${reason}","missing":{${ports.join(',')}}`;
}

/** The `series_end` message. */
export function seriesEndMessage(msgNumber: number, summary: SeriesSummary): Uint8Array {
  const { frames, complete, marked, discarded, unsent, aborted, incomplete, truncated, warnings } = summary;
  const ledger = Object.fromEntries(summary.ledger.map(({ udp_port: udpPort, ...counts }) => [udpPort, counts]));
  const fields = {
    htype: 'series_end',
    msg_number: msgNumber,
    frames,
    complete,
    marked,
    discarded,
    unsent,
    ...(aborted === undefined ? {} : { aborted }),
    ...(summary.delivered_frames === undefined ? {} : { delivered_frames: summary.delivered_frames }),
    ...(summary.lost_endpoint === undefined ? {} : { lost_endpoint: summary.lost_endpoint }),
    ...(summary.shared === undefined
      ? {}
      : { shared: { stride: summary.shared.stride, offset: summary.shared.offset, frames: summary.shared.frames } }),
    incomplete,
    truncated,
    warnings,
    ledger,
  };
  return encoder.encode(JSON.stringify(fields));
}
