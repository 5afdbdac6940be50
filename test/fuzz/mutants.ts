// Known mistakes of programs like this one, and mistakes that this one has had: each as a change of the sources that
// must not go unnoticed. mutant-runs.ts makes them one at a time in a copy and plays seeds until one fails. A change
// whose text is no longer there is an error: it must follow the sources.

import { finerMutants } from './finer-mutants.js';
import { outputMutants } from './output-mutants.js';

/** One replacement in one source file; `from` must be there exactly once. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  readonly name: string;
  /** What the service then does. */
  readonly does: string;
  readonly changes: readonly Change[];
  /** A test that must fail, where no seed shows it; from the root, as `test/memory/number53.test.ts`. */
  readonly test?: string;
}

const mutant = (
  name: string,
  does: string,
  ...changes: readonly (readonly [file: string, from: string, to: string])[]
): Mutant => ({ name, does, changes: changes.map(([file, from, to]) => ({ file, from, to })) });

const assembler = 'src/assembly/port-assembler.ts';
const counts = 'src/assembly/series-counts.ts';
const intake = 'src/assembly/packet-intake.ts';
const classes = 'src/assembly/packet-classes.ts';
const doubtful = 'src/assembly/doubtful-packets.ts';
const images = 'src/assembly/port-images.ts';
const check = 'src/assembly/packet-check.ts';
const frameWindow = 'src/assembly/frame-window.ts';
const kernel = 'src/assembly/kernel/place.ts';
const unpack = 'src/assembly/kernel/unpack.ts';
const records = 'src/memory/slot-records.ts';
const connection = 'src/stream/output/zmtp/connection.ts';
const zmtpSink = 'src/stream/output/zmtp/zmtp-sink.ts';
const encoder = 'src/encode/frame-encoder.ts';
const form = 'src/detector/frame-form.ts';
const maxivOutput = 'src/stream/output/maxiv/maxiv-output.ts';
const seriesState = 'src/stream/series/state.ts';
const reader = 'src/stream/series/frame-reader.ts';
const sender = 'src/stream/series/frame-sender.ts';
const shown = 'src/stream/series/shown-frames.ts';
const sentFrames = 'src/memory/sent-frames.ts';
const sentFrameView = 'src/view/sent-frame-view.ts';
const series = 'src/stream/series/series.ts';
const seriesEnd = 'src/stream/series/end.ts';
const share = 'src/stream/series/share.ts';
const answers = 'src/stream/answers.ts';
const streamer = 'src/stream/streamer.ts';
const deliveryWait = 'src/stream/output/delivery-wait.ts';
const outbox = 'src/stream/output/maxiv/outbox.ts';

const commonMutants: readonly Mutant[] = [
  mutant('duplicate-counted', 'counts a packet that came twice as two', [
    classes,
    'return known ? this.count(portCounter.duplicate) : this.#accept(frameNumber, packet, at, now);',
    'return this.#accept(frameNumber, packet, at, now);',
  ]),
  mutant('duplicate-counted-kernel', 'counts a packet that came twice as two, in the compiled kernel', [
    kernel,
    'if ((bits & bit) != 0) break;',
    '',
  ]),
  mutant('holes-not-filled', 'sends old pixels where packets are missing', [
    images,
    '      this.#placement.fill(slot);\n',
    '',
  ]),
  mutant('holes-not-filled-kernel', 'leaves the first hole of an image as it was, in the compiled kernel', [
    kernel,
    'if (isPresent(record, packet)) continue;',
    'if (isPresent(record, packet) || packet == 0) continue;',
  ]),
  mutant('absent-image-not-filled', "sends an older frame's pixels where a whole port image is missing", [
    reader,
    '        this.#absent?.fill(this.#patched);\n',
    '',
  ]),
  mutant('absent-image-not-encoded', "compresses an older frame's pixels where a whole port image is missing", [
    encoder,
    '        this.#absent.fill(this.#bytes.subarray(copy, copy + frameBytes));\n',
    '',
  ]),
  mutant('encoded-before-closed', 'compresses a frame when its first port has closed it', [
    encoder,
    'if (!records.published(slot, own)) return false;\n    return true;',
    'return records.published(slot, own);\n    return true;',
  ]),
  mutant('form-slot-overwritten', 'an encoder goes on when its slots are full', [
    encoder,
    'if (own >= next + this.#forms.slots) {',
    'if (own >= next + 2 * this.#forms.slots) {',
  ]),
  mutant('form-published-early', 'hands a form over before it is written', [
    encoder,
    '    const bytes = this.#encode(own);\n',
    '    this.#forms.publish(own, 16);\n    const bytes = this.#encode(own);\n',
  ]),
  mutant('form-not-awaited', 'sends what lies in a form slot when the ports have closed the frame', [
    sender,
    'return reader.ready(own) && (forms === null || forms.ready(own));',
    'return reader.ready(own);',
  ]),
  mutant('forms-of-last-series', 'leaves forms of the series before where they are', [
    encoder,
    '    for (let slot = setup.encoder; slot < this.#forms.slots; slot += this.#encoders) this.#forms.forget(slot);\n',
    '',
  ]),
  mutant('encoders-not-awaited', 'goes on when the receivers have obeyed, whatever encoders do', [
    seriesState,
    'return forms === null || forms.answered(this.#command);',
    'return true;',
  ]),
  mutant('encoder-ends-early', 'an encoder has finished before the last frame has its form', [
    encoder,
    '      if (!this.#finished()) return;\n',
    '',
  ]),
  mutant('filler-of-other-depth', 'sends a frame of nothing of the bit depth before', [
    encoder,
    '      this.#filler = null;\n',
    '',
  ]),
  mutant('turned-the-other-way', 'turns frames clockwise', [
    form,
    'left > 0; left -= 90',
    'left > 0 && left < 360; left += 90',
  ]),
  mutant('mirrored-upside-down', 'exchanges above and below where left and right are meant', [
    form,
    '    base += (shape[1] - 1) * across;\n    across = -across;\n',
    '    base += (shape[0] - 1) * down;\n    down = -down;\n',
  ]),
  mutant('cut-one-off', 'begins a cut one column too far to the left', [
    form,
    'let base = row * frame[1] + column;',
    'let base = row * frame[1] + Math.max(0, column - 1);',
  ]),
  mutant('mask-not-turned', 'masks the pixels of a turned image that were masked before it was turned', [
    form,
    'for (let x = 0, from = base + y * down; x < columns; x++, pixel++, from += across)',
    'for (let x = 0, from = pixel; x < columns; x++, pixel++, from += 1)',
  ]),
  mutant('filler-not-masked', 'masks nothing of frames whose port images are missing', [
    encoder,
    'if (form.masked) kernel.cover',
    "if (form.masked && this.#absent.lacks === 'nothing') kernel.cover",
  ]),
  mutant('cut-shown-as-whole', 'tells viewers of a whole frame that it has the shape of the cut', [
    maxivOutput,
    'lying === null ? parts[0] : lying.make(number, frame.facts)',
    'lying === null ? parts[0] : parts[0]',
  ]),
  mutant('written-places-forgotten', 'forgets where ports of a series without frames have written', [
    seriesEnd,
    '  reader.notePositions();\n',
    '',
  ]),
  mutant('slot-released-early', 'lets receivers write to a slot before its frame was handed over', [
    sender,
    '    this.#made = { own, first, frame };\n',
    '    this.#made = { own, first, frame };\n    this.#deps.words.setNext(own + 1);\n',
  ]),
  mutant('generation-unchecked-by-receiver', "takes whatever frame is in the slot for the packet's", [
    records,
    'return high * 2 ** 32 + (low >>> 0) === frameNumber',
    'return high * 2 ** 32 + (low >>> 0) >= 0',
  ]),
  mutant('generation-unchecked-by-streamer', "takes any published image in the slot for the frame's", [
    records,
    'recordWord.published) === tagOf(frameNumber);',
    'recordWord.published) !== 0;',
  ]),
  mutant(
    'late-packet-placed',
    'writes a late packet into an image that was handed over',
    [classes, 'images.noteLate(frameNumber, packet);', 'images.noteLate(frameNumber, packet, at);'],
    [
      images,
      '  noteLate(frameNumber: OwnNumber, packet: number): void {\n',
      '  noteLate(frameNumber: OwnNumber, packet: number, at: number): void {\n    this.#place(frameNumber % ' +
        'this.#ring, packet, at);\n',
    ],
  ),
  mutant('late-packet-counted-twice', 'counts each copy of a late packet as the first', [
    classes,
    '      images.noteLate(frameNumber, packet);\n',
    '',
  ]),
  mutant(
    'number-before-drop',
    'takes a message number for what zmq then refuses',
    [
      outbox,
      '    const outcome = this.#sink.offer(parts, kind);\n',
      '    const outcome = this.#sink.offer(parts, kind);\n    this.#next++;\n',
    ],
    [outbox, '    this.#next++;\n    this.#taken++;', '    this.#taken++;'],
  ),
  mutant('packet-number-unchecked', 'uses the packet number before checking it', [
    check,
    'if (packet < first || packet >= first + table.expectedPackets) return verdict.packetNumber;',
    '',
  ]),
  mutant('packet-number-unchecked-kernel', 'uses the packet number before checking it, in the compiled kernel', [
    kernel,
    'if (packet >= expectedPackets) break;',
    '',
  ]),
  mutant('frame-number-unchecked', 'takes frame numbers that no detector has', [
    check,
    'if (high > largestHigh || (high === largestHigh && low > largestLow)) return verdict.frameNumber;',
    '',
  ]),
  mutant('position-unchecked', "places a packet that names another port's place", [
    check,
    'if (position !== unknownPosition && row * table.gridColumns + column !== position) return verdict.position;',
    '',
  ]),
  mutant('owed-frame-skipped', 'sends nothing for a frame that the ring had no room for', [
    sender,
    '      const frame = this.#frame(own, first);\n',
    "      const frame = this.#frame(own, first);\n      if (frame.facts.reason === 'ring_full') {\n        " +
      'this.#release(own + 1);\n        continue;\n      }\n',
  ]),
  mutant('refused-piecemeal', 'accepts the rest of a frame after having refused a part of it', [
    frameWindow,
    ' || frameNumber <= this.refused',
    '',
  ]),
  mutant('end-sent-twice', 'sends a second series_end before the next header', [
    streamer,
    '(at) => this.#over(series, series.summary ?? summary, at), now);\n',
    '(at) => this.#over(series, series.summary ?? summary, at), now);\n    this.#output.owedEnd = summary;\n',
  ]),
  mutant('end-forgotten', 'sends no series_end where the consumer was away', [
    streamer,
    '    this.#output.owedEnd = lastly;\n',
    '',
  ]),
  mutant('auto-file-named-by-day', 'names an automatic series as one of an earlier process was named', [
    'src/config/auto-filename.ts',
    ".replace(/[T.]/g, '-'),",
    '.slice(0, 8),',
  ]),
  mutant('half-sent-repeated', 'begins a half-sent message anew where its buffer was full', [
    connection,
    '    this.#written += count;\n',
    '    if (count > 0) this.#written += count;\n    else this.#written = 0;\n',
  ]),
  mutant('half-sent-slot-released', 'calls a message sent as soon as it was begun', [
    zmtpSink,
    '    this.#pendingOn = consumer;\n    if (',
    "    this.#note(consumer, consumer.endOfMessage);\n    if (this.#taken > 0) return 'sent';\n    " +
      'this.#pendingOn = consumer;\n    if (',
  ]),
  mutant('half-sent-mixed', 'puts a heartbeat or another message behind a half-sent one', [
    zmtpSink,
    'if (consumer.sending || ',
    'if (',
  ]),
  mutant('kept-not-copied', 'gives the memory of a half-sent frame back without keeping what is left of it', [
    connection,
    '      rest.set(left, at);\n',
    '',
  ]),
  mutant('lost-called-delivered', 'calls a half-sent message sent when its consumer goes', [
    zmtpSink,
    "      this.#pendingOn = null;\n      this.#outcome = 'full';",
    "      this.#pendingOn = null;\n      this.#outcome = 'sent';",
  ]),
  mutant('consumer-loss-unnoticed', 'goes on with a series of which a consumer lost a part', [
    series,
    'if (state.headerSent && state.consumer.lost()) loseConsumer(state);',
    '',
  ]),
  mutant('missing-ranges-shifted', 'counts missing packets from the first that is read out', [
    reader,
    'else ranges.push([firstPacket + packet, firstPacket + packet]);',
    'else ranges.push([packet, packet]);',
  ]),
  mutant('drops-not-attributed', 'blames the fabric for what the socket dropped', [
    'src/memory/series-packets.ts',
    'const socket = Math.min(drops, afterRing);',
    'const socket = 0;',
  ]),
  mutant('seam-not-joined', 'loses half of a 12-bit pixel that two packets share', [
    unpack,
    'packet != 0 && isPresent(record, packet - 1)',
    'false',
  ]),
  mutant('seam-not-filled-kernel', 'leaves half a pixel beside a hole, in the compiled kernel', [
    unpack,
    'if (shared >= 0) store<u16>(frame + shared, missing * 0x101);',
    '',
  ]),
  mutant('other-share-taken', "takes another instance's frame for one of its own", [
    intake,
    'if (other === 0) return ownBehind(this.#window.first, beyond / stride);',
    'if (other >= 0) return ownBehind(this.#window.first, Math.floor(beyond / stride));',
  ]),
  mutant('other-share-taken-kernel', "takes another instance's frame for one of its own, in the compiled kernel", [
    kernel,
    'if (header < origin || (header - origin) % <u64>stride != 0) break;',
    'if (header < origin) break;',
  ]),
  mutant('shared-numbers-closed-up', 'gives its images the next numbers, where other instances have those in between', [
    sender,
    'const number = base === null ? null : base + 1 + index;',
    'const number = null;',
  ]),
  mutant('shared-index-own', 'counts its own frames only, where the index is that of the whole series', [
    sender,
    'const index = frameIndexOf(share, own, first);',
    'const index = own - first;',
  ]),
  mutant('shared-end-from-each', 'sends an end from every instance that shares a series', [
    share,
    'return !this.#withdrawn && offset === stride - 1;',
    'return !this.#withdrawn;',
  ]),
  mutant('shared-tail-not-filled', 'ends its part of a shared series where it has seen the last frame itself', [
    share,
    'const whole = (this.shared && this.ended) || ',
    'const whole = ',
  ]),
  mutant(
    'halted-while-armed-forgotten',
    'answers a halt while it arms with "no series", and then opens it',
    [
      streamer,
      'if (this.#series?.shared === true) return this.#series.halt();',
      'if (this.#series?.shared === true && this.#answers.arming === null) return this.#series.halt();',
    ],
    [
      streamer,
      "    this.#notOpened('busy', problemTexts.stoppedEarly);\n    this.#answers.halted",
      '    this.#answers.halted',
    ],
  ),
  mutant('stop-not-waiting', 'answers a stop before the consumer has what was handed over', [
    deliveryWait,
    "now >= this.#until ? this.#left : 'waiting'",
    "now >= 0 ? this.#left : 'waiting'",
  ]),
  mutant('stop-waits-for-ever', 'never answers a stop while the consumer reads nothing', [
    deliveryWait,
    ' || now >= this.#until',
    '',
  ]),
  mutant('undelivered-not-told', 'says nothing of what the consumer lacks when the time of a stop is over', [
    answers,
    '{ ...summary, undelivered: left }',
    'summary',
  ]),
  mutant('undelivered-of-later-told', 'counts what was handed over after a stop as lacking at its end', [
    deliveryWait,
    'messages: underway.messages - later,',
    'messages: underway.messages,',
  ]),
  mutant('begun-beyond-kept', 'keeps frames that were begun beyond the last one before that was known', [
    counts,
    'if (this.#keptAbove === nothing && last !== 0) this.#images.dropBeyond(last);',
    '',
  ]),
  mutant('behind-counted-twice', 'counts packets of the next series in the ledger of this one', [
    counts,
    'this.#without(this.#end);',
    '',
  ]),
  mutant('restart-not-seen', 'takes a second acquisition of the same numbers for copies', [
    intake,
    'const again = bound && !behindEnd && this.doubtful.comesAgain(frameNumber, packet);',
    'const again = false;',
  ]),
  mutant('jump-packets-forgotten', 'forgets the packets of a jump that begin the next automatic series', [
    doubtful,
    'if (auto) this.#waitForNext(packets);',
    'if (auto) this.#classes.waits = true;',
  ]),
  mutant('prepare-drains', 'drains what waits for the next automatic series', [
    assembler,
    'else if (!this.#series.keepsBehind) this.#keepNothing',
    'else this.#keepNothing',
  ]),
  mutant('drops-between-forgotten', 'counts in no series what the socket dropped between two', [
    counts,
    'if (waited) this.#base',
    'if (this.#begun && waited) this.#base',
  ]),
  mutant('opened-untold', 'shows a frame by number after its slot was given to another', [
    records,
    '(words[base + recordWord.opened] + 1) | 0',
    'words[base + recordWord.opened] | 0',
  ]),
  mutant('last-frame-stays-behind', 'shows no frame that was sent soon after another, when none follows', [
    shown,
    'if (!kept) return;',
    'if (!kept || !this.#due(now)) return;',
  ]),
  mutant('shown-unfilled', 'shows old pixels where a port was absent, in frames by number', [
    sentFrameView,
    'if (Object.keys(missing).length > 0) this.#fill',
    'if (Object.keys(missing).length > 99) this.#fill',
  ]),
  mutant('prepared-slots-shown', 'shows frames of slots that were made ready for other settings', [
    reader,
    '    this.#sent.forget();\n',
    '',
  ]),
  mutant('last-frame-overwritten', 'shows viewers a frame whose slot was given away while it waited', [
    sentFrames,
    'this.#words[base + entryWord.opened] === this.#opened(slot)',
    'this.#words[base + entryWord.opened] !== this.#opened(slot) + 1.5',
  ]),
];

export const mutants: readonly Mutant[] = [...commonMutants, ...finerMutants, ...outputMutants];
