// Plausible but wrong settings, told as sentences with their remedy: what the receivers noticed (events and figures in
// their words) against what the layout expects. Pure.

import { destinationsMost, everyFrame, frameNumberOf, noFrame } from '../../detector/frame-share.js';
import type { FrameNumber, FrameShare } from '../../detector/frame-share.js';
import type { Layout } from '../../detector/layout.js';
import { largestFrameNumber } from '../../detector/packet-header.js';
import type { SeriesWarning, WarningCode } from '../../contract/series-warnings.js';
import { detectorOfType, otherGrids, otherSettings } from '../../detector/other-settings.js';
import type { Evidence } from '../../detector/other-settings.js';
import { portEvent } from '../../memory/port-words.js';
import type { NamedSender, PortWords } from '../../memory/port-words.js';
import { senderText } from '../../runtime/socket-address.js';

/** One suspicion: a stable code and a sentence that says what, where and the likely setting. */
export interface Suspicion {
  readonly code: SeriesWarning;
  readonly udpPort: number;
  readonly message: string;
  /** The settings that would explain it, as far as is known now; empty = none does. */
  readonly likely: readonly string[];
}

/**
 * What looks wrong on one port in the present series.
 * @param firstOwn own number of the first frame, where instances share the detector's
 */
export function suspicionsOf(
  words: PortWords,
  udpPort: number,
  layout: Layout,
  share: FrameShare = everyFrame,
  firstOwn = noFrame,
): Suspicion[] {
  const found: Suspicion[] = [];
  const say = (code: Suspicion['code'], message: string, likely: readonly string[] = []): void =>
    void found.push({ code, udpPort, message: `port ${udpPort}: ${message}`, likely });
  const events = words.events;
  const size = words.figure('wrongSize');
  if (!Number.isNaN(size)) {
    const { text, likely } = wrongSize(words, size, layout);
    say('wrong_size', `datagrams of ${size} bytes, ${layout.packetBytes} expected. ${text}`, likely);
  }
  const version = words.figure('wrongVersion');
  if (!Number.isNaN(version))
    say(
      'wrong_version',
      `packet header version ${version}, ${layout.profile.headerVersion} expected. Is the detector's firmware of ` +
        'another generation?',
    );
  const type = words.figure('wrongDetectorType');
  if (!Number.isNaN(type))
    say(
      'wrong_detector',
      `packets of detector type ${type}, ${layout.profile.detectorType} (${layout.profile.name}) expected. ` +
        `${otherDetector(type)}`,
    );
  if ((events & portEvent.suspect) !== 0) {
    const highest = words.figure('wrongPacketNumber');
    const likely = otherSettings(
      layout,
      evidence('wrong', layout.packetBytes, words.figure('wrongPacketRow'), [
        words.figure('wrongPacketLowest'),
        highest,
        words.figure('wrongPacketSeen'),
      ]),
    );
    say(
      'packet_number',
      `packet numbers up to ${highest}, but an image has ${layout.expectedPackets} packets. ${asked(likely)}Images ` +
        'of this port are not called complete while such packets come.',
      likely,
    );
  }
  const row = words.figure('wrongRow');
  if (!Number.isNaN(row)) {
    const grids = otherGrids(layout, row, words.figure('wrongColumn'));
    say(
      'wrong_position',
      `packets say row ${row}, column ${words.figure('wrongColumn')}; the detector is configured as ` +
        `${layout.grid.rows} rows × ${layout.grid.columns} columns of ` +
        `ports${words.position >= 0 ? ` and this port is at ${at(layout, words.position)}` : ''}. ` +
        `${asked(grids)}Check modules, the detector's row and column, port_positions.`,
      grids,
    );
  }
  if ((events & portEvent.positionTaken) !== 0)
    say(
      'position_taken',
      "its packets name the same row and column as those of another port. Check the modules' positions, or set " +
        'port_positions.',
    );
  if ((events & portEvent.sameMissing) !== 0) {
    const accepted = words.figure('sameMissingAccepted');
    const likely = sameMissing(words, layout, accepted);
    say(
      'same_missing',
      `10 successive images missed the same packets: ${accepted} of ${layout.expectedPackets} came each time. ` +
        `${asked(likely)}${likely.length > 0 ? 'Or a' : 'A'} part of the path always loses them.`,
      likely,
    );
  }
  if ((events & portEvent.secondSource) !== 0) {
    const named = (sender: NamedSender): string => {
      const address = words.sender(sender).address;
      return address === null ? 'another address' : senderText(address);
    };
    const taken =
      (events & portEvent.secondRefused) !== 0
        ? 'They are not taken (enforce_source).'
        : 'They are taken like the others.';
    say(
      'second_source',
      `packets come from ${named('second')}, too, where the series began with those of ${named('learned')}. ${taken} ` +
        'Does a second detector send to this port, or was the detector restarted with another address? Stop the ' +
        'second sender, or set udp_source (docs/operating.md#second-source).',
    );
  }
  /** It has sent nothing of the series: its numbers did not go back, they begin too low. */
  const beginsBelow = (events & portEvent.jumpBackward) !== 0 && words.newestSeen === 0;
  if ((events & portEvent.jumpBackward) !== 0) {
    const number = frameNumberOf(share, words.jump, firstOwn);
    say(
      'jump_backward',
      beginsBelow
        ? `its frame numbers are below the first one of the series: ${number}. Set nextframenumber, or arm with ` +
            `first_frame_number: ${number}.`
        : `frame numbers went back to ${number}. Was the detector restarted, or nextframenumber set, in a series?`,
    );
  }
  if ((events & portEvent.jumpForward) !== 0)
    say(
      'jump_forward',
      `frame numbers jumped to ${frameNumberOf(share, words.jump, firstOwn)}, further than max_owed_frames. Was ` +
        'nextframenumber set in a series?',
    );
  if ((events & portEvent.ringSpan) !== 0)
    say(
      'ring_span',
      'its frame numbers are a ring or more above those of other ports. Set nextframenumber of all modules to the ' +
        'same value.',
    );
  const frameNumber = words.figure('wrongFrameNumber');
  if (frameNumber === 0)
    say(
      'frame_number',
      'packets of frame number 0 came, and none of frame 1 behind them: 0 is taken where 1 follows. A detector whose ' +
        'numbers are all 0 does not count, and its images are not taken: set nextframenumber to 1. If the single ' +
        'image 0 is to come, arm with first_frame_number: 0.',
    );
  else if (!Number.isNaN(frameNumber))
    say(
      'frame_number',
      `packets of frame number ${frameNumber}, which are not taken: the largest is ${largestFrameNumber}. Set ` +
        'nextframenumber to a smaller one.',
    );
  const refused = words.figure('refusedPackets');
  // Those that came before the others had confirmed that it begins below the series are told with it.
  if (refused >= refusedTold && !beginsBelow) {
    const number = frameNumberOf(share, words.ownFigure('refusedNumber'), firstOwn);
    const newest =
      words.newestSeen === 0
        ? 'none was taken'
        : `the newest that was taken is ${frameNumberOf(share, words.newestSeen, firstOwn)}`;
    const step = words.figure('refusedStep') * share.stride;
    const { text, likely } =
      step > share.stride
        ? leftOut(step)
        : {
            text:
              'Numbers that go up and down, or jump: does something else send to this port (udp_source), or was ' +
              'nextframenumber set in a series?',
            likely: [],
          };
    say(
      'frame_numbers',
      `${refused} packets were not taken because nothing confirmed their frame numbers, ${number} the last of ` +
        `them; ${newest}. ${step > share.stride ? `They go in steps of ${step}. ` : ''}${text}`,
      likely,
    );
  }
  const step = words.figure('numberStep') * share.stride;
  if (!Number.isNaN(step)) {
    const { text, likely } = leftOut(step);
    say(
      'number_step',
      `its frame numbers go in steps of ${step}, and the frames between them never come. ${text}`,
      likely,
    );
  }
  const other = words.figure('otherShare');
  if (!Number.isNaN(other)) {
    say(
      'other_share',
      `frames of instance ${other} of ${share.stride} come here, to instance ${share.offset}; they are not taken. ` +
        "Does the detector's list of destinations (udp_dstlist, udp_numdst) have the instances in their order, does " +
        'it begin with the first (udp_firstdst: 0), and is first_frame_number right?',
    );
  }
  return found;
}

/** Why frames between others never come, and the setting for it. @param step of the detector's own numbers */
const leftOut = (step: number): { text: string; likely: string[] } =>
  step <= destinationsMost
    ? {
        text: `Do other receivers get them (series: armed and frames_stride: ${step})?`,
        likely: [`frames_stride: ${step}`],
      }
    : {
        text:
          `No setting fits that: at most ${destinationsMost} receivers can share a detector. Does the detector, or ` +
          'its trigger, count more than it sends, or are whole frames lost on the way? Let it count by one, and send ' +
          'every frame here (udp_numdst: 1).',
        likely: [],
      };

/** Packets whose numbers were refused, of one port, of which the operator hears. */
const refusedTold = 3;

/**
 * Ports may begin so many frames apart, less one, without a word: a lost first frame, receivers that open one after the
 * other.
 */
const beginningsApart = 4;

/**
 * Ports that began later than others of the same series, each as a code and a sentence. Modules count for themselves,
 * and nothing but these numbers tells when they disagree by less than a ring.
 * @param ports with the smallest frame number that each accepted, null = none yet
 */
export function lateBeginnings(
  ports: readonly { readonly udpPort: number; readonly smallest: FrameNumber | null }[],
): { code: WarningCode; message: string }[] {
  const begun = ports.flatMap(({ udpPort, smallest }) => (smallest === null ? [] : [{ udpPort, smallest }]));
  const [first, ...others] = begun;
  if (first === undefined) return [];
  const earliest = others.reduce((best, port) => (port.smallest < best.smallest ? port : best), first);
  return begun
    .filter(({ smallest }) => smallest - earliest.smallest >= beginningsApart)
    .map(({ udpPort, smallest }): { code: WarningCode; message: string } => ({
      code: `ports_apart/${udpPort}`,
      message:
        `port ${udpPort}: its first frame was ${smallest}, that of port ${earliest.udpPort} was ` +
        `${earliest.smallest}: frames ${earliest.smallest} to ${smallest - 1} lack it. Unless packets were lost ` +
        "there, the modules' frame numbers differ and frames are put together from different moments: set " +
        'nextframenumber of all modules to the same value and begin again.',
    }));
}

const at = (layout: Layout, position: number): string =>
  `row ${layout.positions[position]?.row}, column ${layout.positions[position]?.column}`;

/** Settings as a question; nothing when there are none. */
const asked = (likely: readonly string[]): string => (likely.length === 0 ? '' : `${listed(likely, ' or ')}? `);

/** While little was seen many settings fit. */
const listedMost = 6;
const listed = (likely: readonly string[], between: string): string =>
  [...likely.slice(0, listedMost), ...(likely.length > listedMost ? ['others'] : [])].join(between);

function evidence(
  of: 'wrong' | 'all' | 'kept',
  bytes: number,
  row: number,
  [lowest, highest, seen]: readonly [number, number, number],
): Evidence {
  return { bytes, row: Number.isNaN(row) ? null : row, numbers: seen > 0 ? { of, lowest, highest, seen } : null };
}

function wrongSize(words: PortWords, size: number, layout: Layout): { text: string; likely: readonly string[] } {
  const other = layout.profile.otherDatagrams[size];
  if (other !== undefined) return { text: `They are ${other}.`, likely: [] };
  const type = words.figure('wrongSizeType');
  if (!Number.isNaN(type) && type !== layout.profile.detectorType)
    return { text: `They say detector type ${type}. ${otherDetector(type)}`, likely: [] };
  const likely = otherSettings(
    layout,
    evidence('all', size, words.figure('wrongSizeRow'), [
      words.figure('wrongSizeLowest'),
      words.figure('wrongSizeHighest'),
      words.figure('wrongSizeSeen'),
    ]),
  );
  if (likely.length === 0) return { text: 'Another detector, or fragments: check the sender and the MTU.', likely };
  return { text: `They are packets as with ${listed(likely, ', or with ')}.`, likely };
}

function otherDetector(type: number): string {
  const name = detectorOfType(type);
  return (
    `${name === null ? 'Check detector' : `That is detector: ${name}. Check detector`} and udp_dstip of the other ` +
    'detector.'
  );
}

/** What came of images that always miss the same, when it is a part without holes. */
function sameMissing(words: PortWords, layout: Layout, accepted: number): string[] {
  const place = layout.positions[words.position];
  const first = place?.firstPacket ?? 0;
  const [lowest, highest] = [words.figure('sameMissingLowest'), words.figure('sameMissingHighest')];
  return highest - lowest + 1 === accepted
    ? otherSettings(
        layout,
        evidence('kept', layout.packetBytes, place?.row ?? Number.NaN, [first + lowest, first + highest, accepted]),
      )
    : [];
}
