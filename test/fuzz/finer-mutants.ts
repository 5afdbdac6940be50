// Finer mistakes than those of mutants.ts: edges of comparisons, the order of stores, what outweighs what, counters
// that only explain. Comes in: nothing. Goes out: changes of the sources, some with the test that must fail where one
// thread and virtual time cannot show them.

import type { Mutant } from './mutants.js';

type Replacement = readonly [file: string, from: string, to: string];

const seen = (name: string, does: string, ...changes: readonly Replacement[]): Mutant => ({
  name,
  does,
  changes: changes.map(([file, from, to]) => ({ file, from, to })),
});

const tested = (test: string, name: string, does: string, ...changes: readonly Replacement[]): Mutant => ({
  ...seen(name, does, ...changes),
  test: `test/${test}.test.ts`,
});

const assembler = 'src/assembly/port-assembler.ts';
const closer = 'src/assembly/image-closer.ts';
const drain = 'src/assembly/drain.ts';
const intake = 'src/assembly/packet-intake.ts';
const doubtful = 'src/assembly/doubtful-packets.ts';
const images = 'src/assembly/port-images.ts';
const frameWindow = 'src/assembly/frame-window.ts';
const kernel = 'src/assembly/kernel/place.ts';
const sender = 'src/assembly/port-sender.ts';
const records = 'src/memory/slot-records.ts';
const packets = 'src/memory/series-packets.ts';
const reader = 'src/stream/series/frame-reader.ts';
const seriesState = 'src/stream/series/state.ts';
const seriesEnd = 'src/stream/series/end.ts';
const seriesOpen = 'src/stream/series/open.ts';
const firstFrame = 'src/stream/series/first-frame.ts';
const frameZero = 'src/assembly/frame-zero.ts';
const frameSender = 'src/stream/series/frame-sender.ts';
const outbox = 'src/stream/output/maxiv/outbox.ts';
const ledger = 'src/stream/series/ledger.ts';
const tail = 'src/stream/series/tail.ts';
const streamer = 'src/stream/streamer.ts';

/** Found by people who looked for what the net lets through. */
export const finerMutants: readonly Mutant[] = [
  tested(
    'pipeline/auto-series',
    'begun-behind-forgotten',
    'forgets what was begun behind the end of an automatic series with a number of frames',
    [assembler, 'this.#counts.keepAbove(last);', ''],
  ),
  seen('stop-without-draining', 'obeys a stop while packets from before it wait in the socket', [
    assembler,
    'case phase.stop:\n        if (drained) {',
    'case phase.stop:\n        if (this.#command > 0) {',
  ]),
  seen('stop-outweighs-ring', 'says that the stop cut off what the ring had no room for', [
    reader,
    "        : seen.refused\n          ? 'ring_full'\n          : seen.ended\n            ? 'stop'",
    "        : seen.ended\n          ? 'stop'\n          : seen.refused\n            ? 'ring_full'",
  ]),
  seen('header-of-last-port', 'takes header fields from the last port that has any', [
    reader,
    'for (const { records } of this.#ports) {\n      if (records.accepted(slot) === 0) continue;\n      const header',
    'for (const { records } of [...this.#ports].reverse()) {\n      if (records.accepted(slot) === 0) continue;\n      const header',
  ]),
  tested('memory/number53', 'high-words-exchanged', 'lets a reader see half of a number that is being stored', [
    'src/memory/number53.ts',
    'Atomics.store(words, at, high);\n  Atomics.store(words, at + 1, (value % 2 ** 32) | 0);\n  Atomics.store(words, at + 2, high);',
    'Atomics.store(words, at + 2, high);\n  Atomics.store(words, at + 1, (value % 2 ** 32) | 0);\n  Atomics.store(words, at, high);',
  ]),
  tested('memory/command-box', 'command-taken-unread', 'calls a command taken before its text was read', [
    'src/memory/command-box.ts',
    'const text = this.#text.slice(0, this.#words[at.length]);\n    Atomics.store(this.#words, at.taken, posted);',
    'Atomics.store(this.#words, at.taken, posted);\n    const text = this.#text.slice(0, this.#words[at.length]);',
  ]),
  seen('span-of-a-ring', 'lets a port begin exactly a ring above the first frame', [
    assembler,
    'window.newestAccepted >= window.first + this.#ring',
    'window.newestAccepted > window.first + this.#ring',
  ]),
  tested('pipeline/silence', 'silence-with-packets', 'takes silence for a witness while packets wait in the socket', [
    doubtful,
    'else if (this.#silent && emptied && !zero',
    'else if (this.#silent && !zero',
  ]),
  seen('cut-off-not-noted', 'calls what a stop cut off a loss', [
    images,
    '    if (cutOff) this.#countCutOff(this.#expected - 1 - this.#records.highest(slot));\n',
    '',
  ]),
  seen('hole-cut-off', 'calls a packet that was lost before others came cut off', [
    images,
    'this.#countCutOff(this.#expected - 1 - this.#records.highest(slot))',
    'this.#countCutOff(missing)',
  ]),
  seen('older-frame-cut-off', 'calls what a frame lacks cut off although a later one has come', [
    closer,
    'frameNumber < reference || ',
    '',
  ]),
  tested('pipeline/cut-off', 'silent-port-cut-off', 'calls what a silent port did not send cut off', [
    closer,
    ' || this.#giveUp > reference',
    '',
  ]),
  seen('cut-off-before-socket', 'calls packets cut off that the kernel dropped', [
    packets,
    'const socket = Math.min(drops, afterRing);',
    'const socket = Math.min(drops, afterRing - Math.min(cutOff, afterRing));',
  ]),
  tested(
    'pipeline/first-frame',
    'closed-before-first',
    'closes images before all ports have heard of the first frame',
    [assembler, ' || this.#series.settledVersion !== this.#firstVersion)', ')'],
  ),
  tested(
    'pipeline/auto-series',
    'silence-cuts',
    'ends an automatic series although packets of it wait in the sockets',
    [seriesEnd, 'if (wentOn(series)) goOn(series);\n  else if (endKnown', 'if (endKnown'],
  ),
  tested('pipeline/tail', 'tail-always-filled', 'makes up frames of a detector that was stopped', [
    tail,
    'this.detectorStopped = missing > this.#most;',
    'this.detectorStopped = missing > Infinity;',
  ]),
  tested('pipeline/tail', 'stop-does-not-cut-tail', 'goes on filling after a stop', [
    seriesEnd,
    'else if (series.step === seriesStep.finishing && !fill) cutTail(series);',
    '',
  ]),
  tested(
    'pipeline/auto-series',
    'owed-end-holds-up-next',
    'keeps packets of the next automatic series waiting for a consumer that takes no end',
    [
      streamer,
      ': this.#answers.arming?.request.force === true || follows;',
      ': this.#answers.arming?.request.force === true;',
    ],
  ),
  tested('pipeline/begin-again', 'restart-by-one-duplicate', 'takes one late copy for a detector that begins anew', [
    doubtful,
    'else if (this.#heldAgain && emptied && now - held.lastAt >= this.#witnessMs) this.drop(now);',
    'else if (this.#heldAgain && emptied && now - held.lastAt >= this.#witnessMs) this.#confirm(now);',
  ]),

  // Invented.
  seen('second-source-taken', 'takes packets of a second sender where they are to be refused', [
    intake,
    '    return enforceSource;\n',
    '    return enforceSource && this.#counters[0] < 0;\n',
  ]),
  tested('pipeline/second-source', 'sender-kept-for-good', 'goes by the sender of the last series', [
    intake,
    '    this.#sender.forget();\n',
    '',
  ]),
  tested('assembly/port-sender', 'sender-by-two', 'learns the sender from two packets', [
    sender,
    '< witnesses) return false;',
    '< witnesses - 1) return false;',
  ]),
  tested('assembly/port-sender', 'sender-counts-kept', 'counts packets of the last series when it learns a sender', [
    sender,
    '    this.#packets.fill(0);\n',
    '',
  ]),
  tested('pipeline/closing', 'overtaken-too-soon', 'closes an image a frame too soon', [
    closer,
    'const overtaken = reference - overtakeFrames;',
    'const overtaken = reference - overtakeFrames + 1;',
  ]),
  tested('pipeline/closing', 'overtaken-too-late', 'waits a frame too long for an image', [
    closer,
    'const overtaken = reference - overtakeFrames;',
    'const overtaken = reference - overtakeFrames - 1;',
  ]),
  tested('pipeline/closing', 'give-up-below', 'does not give up the frame that it was asked to', [
    closer,
    ': frameNumber <= this.#giveUp\n',
    ': frameNumber < this.#giveUp\n',
  ]),
  tested('pipeline/overload', 'closed-beyond-ring', 'closes a frame that the ring has no room for', [
    closer,
    'last === 0 ? next + ring - 1 :',
    'last === 0 ? next + ring :',
  ]),
  seen('refused-called-lost', 'says that packets were lost which the ring had no room for', [
    closer,
    'state === recordState.empty && frameNumber <= refused',
    'state === recordState.empty && frameNumber < refused',
  ]),
  tested('assembly/drain', 'drained-by-time', 'obeys after a while although what waited was not read', [
    drain,
    'this.#readMs >= this.#drainMs && this.#counters[portCounter.bytes] >= this.#readUntil',
    'this.#readMs >= this.#drainMs',
  ]),
  seen('past-includes-next', 'takes the next frame to send for one that was sent', [
    frameWindow,
    '? frameNumber < this.next\n',
    '? frameNumber <= this.next\n',
  ]),
  seen('ring-one-longer', 'accepts a frame of which the slot is another one’s', [
    frameWindow,
    'return frameNumber >= base + this.#ring ||',
    'return frameNumber > base + this.#ring ||',
  ]),
  tested('pipeline/overload', 'owed-edge', 'aborts one owed frame too soon', [
    seriesOpen,
    'ring > limits.maxOwedFrames',
    'ring >= limits.maxOwedFrames',
  ]),
  tested('pipeline/tail', 'tail-edge', 'fills one frame less than a loss explains', [
    tail,
    'missing > this.#most',
    'missing >= this.#most',
  ]),
  seen('late-bits-kept', 'knows late packets of the frame that was in the slot before', [
    records,
    'for (let word = base + recordWord.bits; word < base + this.#stride; word++) words[word] = 0;',
    'for (let word = base + recordWord.bits; word < base + this.#lateAt; word++) words[word] = 0;',
  ]),
  tested('memory/slot-records', 'published-before-outcome', 'hands an image over before it says how it was closed', [
    records,
    '    this.words[base + recordWord.outcome] = result;\n    this.#times[base / 2 + recordTime.closedAt] = now;\n    Atomics.store(this.words, base + recordWord.published, tagOf(frameNumber));\n',
    '    Atomics.store(this.words, base + recordWord.published, tagOf(frameNumber));\n    this.words[base + recordWord.outcome] = result;\n    this.#times[base / 2 + recordTime.closedAt] = now;\n',
  ]),
  tested('pipeline/classes', 'reordered-equal', 'counts every second packet as reordered', [
    images,
    'packet < this.#records.highest(slot)',
    'packet <= this.#records.highest(slot) + 1',
  ]),
  tested('assembly/compiled-placement', 'reordered-kernel', 'counts packets in order as reordered, in the kernel', [
    kernel,
    '<i32>packet < top)',
    '<i32>packet <= top + 1)',
  ]),
  tested('pipeline/settings', 'suspect-late', 'calls images complete that three impossible numbers make doubtful', [
    images,
    'return ++this.#badNumbers >= suspectLimit;',
    'return ++this.#badNumbers > suspectLimit;',
  ]),
  tested('pipeline/settings', 'same-missing-late', 'tells a port that always misses the same one image too late', [
    images,
    'if (this.#sameMissing >= sameMissingLimit)',
    'if (this.#sameMissing > sameMissingLimit)',
  ]),
  seen('ring-before-late', 'blames the ring for packets that came late', [
    packets,
    "const ring = Math.min(counts('ringFull'), missing - late);",
    "const ring = Math.min(counts('ringFull'), missing);",
  ]),
  tested('stream/series/ledger', 'socket-limited-always', 'says that the kernel dropped more than was missing', [
    ledger,
    'kernelDrops > packets.socket',
    'kernelDrops >= packets.socket',
  ]),
  seen('first-frame-equal', 'never settles a first frame that a port has', [
    firstFrame,
    'if (smallest >= this.number) {',
    'if (smallest > this.number) {',
  ]),
  tested(
    'stream/series/first-frame',
    'first-told-too-soon',
    'says where a series begins before the start window is over',
    [
      firstFrame,
      'if (this.#startedAt < 0 || now - this.#startedAt < this.#startWindowMs)',
      'if (this.#startedAt < 0 || now - this.#startedAt < this.#startWindowMs - 1)',
    ],
  ),
  tested(
    'stream/series/first-frame',
    'holding-not-waited-for',
    'begins a series without a port that holds its packets',
    [
      firstFrame,
      'if (smallest === 0 || (holding && now - this.#startedAt < 2 * this.#startWindowMs))',
      'if (smallest === 0)',
    ],
  ),
  tested('stream/series/first-frame', 'ports-a-ring-apart', 'begins with ports that are exactly a ring apart', [
    firstFrame,
    'newest - smallest >= this.#ring',
    'newest - smallest > this.#ring',
  ]),
  tested('pipeline/consumer', 'abort-by-the-last', 'tells the last reason of an abort, where the first is why', [
    seriesState,
    'if (this.aborted !== null || this.step === seriesStep.ending) return;',
    'if (this.step === seriesStep.ending) return;',
  ]),
  tested('stream/series/ledger', 'ranges-joined', 'calls a frame between two incomplete ones incomplete', [
    ledger,
    'last[1] === frameIndex - 1',
    'last[1] >= frameIndex - 2',
  ]),
  tested('pipeline/series', 'unsent-one-less', 'counts one frame less than it has given up', [
    frameSender,
    'const frames = after - this.next;',
    'const frames = last - this.next;',
  ]),
  tested(
    'stream/output/maxiv/outbox',
    'blocked-not-counted',
    'says nothing of the time in which no consumer took a message',
    [
      outbox,
      'if (this.blocked)\n      this.#counters[streamCounter.blockedSeconds] =',
      'if (this.#next < 0)\n      this.#counters[streamCounter.blockedSeconds] =',
    ],
  ),
  tested('stream/output/maxiv/outbox', 'begun-header-waits', 'lets arming wait for a consumer that does not read', [
    outbox,
    "if (kind !== 'images' && this.#sink.keep !== undefined) this.keep(now);",
    '',
  ]),
  tested('pipeline/frame-zero', 'lag-drops-frame-zero', 'gives frame 0 up because another port is far ahead', [
    frameZero,
    'smallest !== 0 && smallest - this.#own <= this.#overtakeFrames',
    'smallest === this.#own',
  ]),
  tested(
    'pipeline/frame-zero',
    'copies-are-images',
    'takes three packets that the network doubled for another frame 0',
    [frameZero, 'Math.max(copiesLeast, this.#images.expected / 2)', 'copiesLeast'],
  ),
  tested('pipeline/consumer', 'end-dated-by-offer', 'lets the time of a stop begin before its end was handed over', [
    streamer,
    '(at) => this.#over(series, series.summary ?? summary, at), now)',
    '() => this.#over(series, series.summary ?? summary, now), now)',
  ]),
];
