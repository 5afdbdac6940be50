// Mistakes of what leaves the process by several sockets or connections. Comes in: nothing. Goes out: changes of the
// sources, some with the test that must fail.

import type { Mutant } from './mutants.js';

const sockets = 'src/stream/output/sockets-sink.ts';
const beginning = 'src/stream/series/beginning.ts';
const sink = 'src/stream/output/message-sink.ts';
const zmtpSink = 'src/stream/output/zmtp/zmtp-sink.ts';
const preview = 'src/stream/output/preview/preview-output.ts';
const streamSetup = 'src/stream/setup.ts';

export const outputMutants: readonly Mutant[] = [
  {
    name: 'end-overtakes-sockets',
    does: 'hands the end over while another socket has an image half-sent',
    changes: [{ file: sink, from: 'way.unfinished === true || (kind', to: '(kind' }],
  },
  {
    name: 'header-overtakes-sockets',
    does: 'hands the next header over while images are on their way by other sockets',
    changes: [{ file: sink, from: "kind === 'headers' && (way.underway?.messages ?? 0) > 0", to: 'false' }],
  },
  {
    name: 'header-overtakes-connections',
    does: 'hands the next header over while images are on their way by another connection of its socket',
    changes: [{ file: zmtpSink, from: "if (several && overtakes(kind, this)) return 'full';", to: '' }],
    test: 'test/stream/output/zmtp/zmtp-sink.test.ts',
  },
  {
    name: 'header-overtakes-instances',
    does: 'opens an instance of several while its images of the series before are on their way to the consumer',
    changes: [{ file: beginning, from: " || overtakes('headers', output.sink)", to: '' }],
    test: 'test/pipeline/shared.test.ts',
  },
  {
    name: 'frame-on-two-sockets',
    does: 'sends an image by two sockets',
    changes: [
      {
        file: sockets,
        from: "if (outcome === 'sent') this.#sent(socket, kind);\n    else {",
        to:
          "if (outcome === 'sent') {\n      this.#sent(socket, kind);\n" +
          "      if (kind === 'images') this.sockets[this.#turn].offer(parts, kind);\n    } else {",
      },
    ],
  },
  {
    name: 'slow-socket-skipped',
    does: 'gives the image of a socket that has no room to the next one',
    changes: [
      {
        file: sockets,
        from: "if (outcome === 'pending') this.#pending = { socket, kind };",
        to:
          "if (outcome === 'pending') this.#pending = { socket, kind };\n" +
          "      else if (kind === 'images') this.#turn = (socket + 1) % this.sockets.length;",
      },
    ],
  },
  {
    name: 'turn-kept',
    does: 'goes on with the turns of the last series',
    changes: [{ file: sockets, from: '    this.#turn = 0;\n', to: '' }],
  },
  {
    name: 'delivered-by-one-socket',
    does: 'counts what was delivered as if there were one socket',
    changes: [{ file: sockets, from: 'image * this.sockets.length + socket', to: 'image' }],
    test: 'test/stream/output/sockets-sink.test.ts',
  },
  {
    name: 'socket-without-consumer',
    does: 'opens series although a socket has no consumer',
    changes: [{ file: sink, from: 'sink.sockets.every(({ peers }) => peers > 0)', to: 'sink.peers > 0' }],
    test: 'test/pipeline/sockets.test.ts',
  },
  {
    name: 'preview-overwrites',
    does: 'writes a frame for viewers where an earlier one is still sent from',
    changes: [{ file: preview, from: 'buffer !== undefined && this.sink.uses(buffer)', to: 'buffer === null' }],
    test: 'test/stream/output/preview/preview-output.test.ts',
  },
  {
    name: 'preview-of-given-slot',
    does: 'shows viewers a frame whose slot was given to another',
    changes: [
      { file: streamSetup, from: 'return sent.holds(slot);', to: 'return true;' },
      { file: streamSetup, from: 'if (!sent.holds(slot)) return false;', to: '' },
    ],
  },
  {
    name: 'preview-stays-behind',
    does: 'shows viewers no frame that came too soon after another, when none follows',
    changes: [
      {
        file: preview,
        from:
          'if (this.#waits && this.#due(now, this.#later?.bytes ?? this.#kept?.pixels.length ?? 0)) ' +
          'this.#showLater(now);',
        to: '',
      },
    ],
    test: 'test/stream/output/preview/preview-output.test.ts',
  },
];
