// What must hold of a stream, from two sides: everything that was handed over (numbers without a gap, one end per
// header, every pixel), and what the consumer of standard ordering got, who may have lost what was queued when it
// vanished.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { OrderedReceive } from '../../simulators/consumer/ordered-receive.js';
import type { FormWish } from '../../simulators/consumer/sent-form.js';
import { StreamChecker } from '../../simulators/consumer/stream-check.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import type { JsonObject, StreamMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import type { FrameVerdict } from '../../simulators/consumer/verify.js';
import type { MemorySink, ReceivedMessage } from './memory-sink.js';

/** The detector's settings in the series whose header has this file name. */
export type SettingsOf = (filename: string) => DetectorSettings;

/** Verifiers that were made before. */
export type KnownVerifiers = Pick<Map<DetectorSettings, FrameVerifier>, 'get'> & {
  set(settings: DetectorSettings, verifier: FrameVerifier): unknown;
};

/** Verifiers by settings: bit depth and rows may change from series to series. */
class SeriesVerifier extends FrameVerifier {
  readonly #settingsOf: SettingsOf;
  readonly #known: KnownVerifiers;
  readonly #form: FormWish | null;
  #present: FrameVerifier;
  /** Fields of the message as it was sent, if it is shown to the checker as another one. */
  sent: JsonObject | null = null;

  constructor(settingsOf: SettingsOf, known: KnownVerifiers, form: FormWish | null) {
    super(settingsOf(''));
    this.#form = form;
    this.#settingsOf = settingsOf;
    this.#known = known;
    this.#present = this.#verifierOf('');
  }

  begin(filename: string): void {
    this.#present = this.#verifierOf(filename);
  }

  override verify(fields: JsonObject, blob: Uint8Array): FrameVerdict | string {
    return this.#present.verify(this.sent ?? fields, blob);
  }

  override checkHeaderFields(fields: JsonObject): string[] {
    return this.#present.checkHeaderFields(this.sent ?? fields);
  }

  #verifierOf(filename: string): FrameVerifier {
    const settings = this.#settingsOf(filename);
    let verifier = this.#known.get(settings);
    if (verifier === undefined) {
      verifier = new FrameVerifier(settings, 'formula', this.#form);
      this.#known.set(settings, verifier);
    }
    return verifier;
  }
}

/** Checks all messages in the order of hand-over. */
export class HandOverCheck {
  readonly checker: StreamChecker;
  readonly #verifier: SeriesVerifier | null;

  /**
   * @param settingsOf null = pixels are not looked at; the same object for the same settings @param known made for the
   * same form
   */
  constructor(settingsOf: SettingsOf | null, known: KnownVerifiers = new Map(), form: FormWish | null = null) {
    this.#verifier = settingsOf === null ? null : new SeriesVerifier(settingsOf, known, form);
    this.checker = new StreamChecker(this.#verifier === null ? {} : { verifier: this.#verifier });
  }

  /** @param sent the message as it was sent, if `message` is what it means to a consumer of this stream alone */
  accept(message: StreamMessage, sent: StreamMessage = message): void {
    if (this.#verifier !== null) this.#verifier.sent = sent.fields;
    if (message.htype === 'header') this.#verifier?.begin(String(message.fields['filename']));
    this.checker.accept(message);
  }

  /** @param over no series may be open any more */
  problems(over: boolean): string[] {
    if (over) this.checker.finish();
    const wrong = this.checker.problems.map(({ rule, text, msgNumber }) => `${rule} (message ${msgNumber}): ${text}`);
    if (this.checker.counts.wrongPixels > 0) wrong.push(`${this.checker.counts.wrongPixels} wrong pixels`);
    return wrong;
  }
}

/**
 * What the consumer could not cope with, of one process or of several after each other. Reconnections are told to it,
 * as its socket would.
 */
export function consumerProblems(...sinks: readonly MemorySink[]): string[] {
  const checker = new StreamChecker();
  const order = new OrderedReceive<StreamMessage>();
  let gap = false;
  for (const sink of sinks) {
    const losses = [...sink.losses];
    sink.received.forEach((received, index) => {
      while (losses[0] !== undefined && losses[0].received <= index) {
        if ((losses.shift() as { lost: number }).lost > 0) gap = true;
        checker.noteReconnect();
      }
      const message = parsed(received);
      if (message.htype === 'header') gap = false;
      for (const ordered of order.push(message)) checker.accept(ordered);
    });
    if (sink === sinks.at(-1)) break;
    // The next process counts on from a larger number.
    gap = true;
    checker.noteReconnect();
  }
  // A series that lost its messages with the connection is cut in the consumer's eyes too: that is the truth, not a
  // fault.
  const wrong = checker.problems
    .filter(({ rule }) => rule !== 'connection')
    .map(({ rule, text }) => `consumer: ${rule}: ${text}`);
  if (order.cached > 0 && !gap) wrong.push(`consumer: ${order.cached} messages stuck in its cache`);
  return wrong;
}

/** @throws Error when a consumer could not even read it */
export function parsed({ parts, message: known }: ReceivedMessage): StreamMessage {
  if (known !== undefined) return known;
  const message = parseMessage(parts);
  if (typeof message === 'string') throw new Error(message);
  return message;
}
