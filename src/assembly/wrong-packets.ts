// hot path. What packets that do not fit the settings say of themselves, kept in the port's figures, from which likely
// settings are found (stream/series/suspicions.ts). Nothing is allocated.
// Tested by test/pipeline/settings.test.ts.

import { headerBytes, headerOffset } from '../detector/packet-header.js';
import type { PortWords } from '../memory/port-words.js';
import { verdict } from './packet-check.js';

/**
 * A datagram that is no packet of this detector.
 * @param length true length of the datagram in bytes
 * @param found what is wrong with it, one of `verdict`
 * @param version of headers that are expected
 */
export function noteWrong(
  words: PortWords,
  view: DataView,
  at: number,
  length: number,
  found: number,
  version: number,
): void {
  switch (found) {
    case verdict.size:
      return noteWrongSize(words, view, at, length, version);
    case verdict.version:
      return words.setFigure('wrongVersion', view.getUint8(at + headerOffset.version));
    case verdict.detectorType:
      return words.setFigure('wrongDetectorType', view.getUint8(at + headerOffset.detType));
    case verdict.packetNumber:
      return noteWrongNumber(words, view, at);
    case verdict.position:
      words.setFigure('wrongRow', view.getUint16(at + headerOffset.row, true));
      return words.setFigure('wrongColumn', view.getUint16(at + headerOffset.column, true));
    case verdict.frameNumber:
      return words.setFigure(
        'wrongFrameNumber',
        view.getUint32(at + headerOffset.frameNumber + 4, true) * 2 ** 32 +
          view.getUint32(at + headerOffset.frameNumber, true),
      );
  }
}

/**
 * A datagram of a wrong size: its detector type and packet number, if it has a header of this version. Another size
 * begins anew.
 * @param length true length of the datagram in bytes
 */
function noteWrongSize(words: PortWords, view: DataView, at: number, length: number, version: number): void {
  if (words.figure('wrongSize') !== length) {
    words.setFigure('wrongSize', length);
    words.setFigure('wrongSizeType', Number.NaN);
    words.setFigure('wrongSizeSeen', 0);
  }
  if (length < headerBytes || view.getUint8(at + headerOffset.version) !== version) return;
  words.setFigure('wrongSizeType', view.getUint8(at + headerOffset.detType));
  words.setFigure('wrongSizeRow', view.getUint16(at + headerOffset.row, true));
  const number = view.getUint32(at + headerOffset.packetNumber, true);
  const seen = words.figure('wrongSizeSeen');
  words.setFigure('wrongSizeLowest', seen === 0 ? number : Math.min(number, words.figure('wrongSizeLowest')));
  words.setFigure('wrongSizeHighest', seen === 0 ? number : Math.max(number, words.figure('wrongSizeHighest')));
  words.setFigure('wrongSizeSeen', seen + 1);
}

/** A packet whose number the configured image does not have. */
function noteWrongNumber(words: PortWords, view: DataView, at: number): void {
  const number = view.getUint32(at + headerOffset.packetNumber, true);
  const seen = words.figure('wrongPacketSeen') || 0;
  words.setFigure('wrongPacketLowest', seen === 0 ? number : Math.min(number, words.figure('wrongPacketLowest')));
  words.setFigure('wrongPacketNumber', seen === 0 ? number : Math.max(number, words.figure('wrongPacketNumber')));
  words.setFigure('wrongPacketSeen', seen + 1);
  words.setFigure('wrongPacketRow', view.getUint16(at + headerOffset.row, true));
}
