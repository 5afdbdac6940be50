// The one table of what the service and its compiled code (assembly/kernel/, encode/kernel/) share: every field with
// its width and what it holds, and the sizes that both compute with. Comes in: nothing. Goes out: the fields, for code
// that reads and writes them in TypeScript (kernel-fields.ts); and as texts the constants that both compilers read
// (placement-words.ts, record-words.ts, flight-words.ts, chunk-words.ts) and docs/reference/kernel-words.md.
// scripts/write-kernel-words.mjs writes them, and a test compares. Pure.

/** `f64` holds a frame number or a time; `address` is 32 bits, bytes from the start of the memory, unsigned. */
export type Width = 'u32' | 'i32' | 'f64' | 'address';

export interface Field<Name extends string = string, Of extends Width = Width> {
  readonly name: Name;
  readonly width: Of;
  readonly says: string;
  /** Bytes from the start; left out = behind the field before, aligned to its width. */
  readonly at?: number;
}

interface Struct {
  readonly title: string;
  /** Begins the names of its constants; a field `newest` of `context` is `contextNewest`. */
  readonly prefix: string;
  /** Constants count 32-bit words, not bytes; they end in `Word`. */
  readonly inWords?: true;
  readonly fields: readonly Field[];
  /** Constant for the bytes of all fields. */
  readonly size?: { readonly name: string; readonly bytes: number; readonly says: string };
}

interface Values {
  readonly title: string;
  readonly values: readonly (readonly [name: string, value: number, says: string])[];
}

interface WordsFile {
  readonly file: string;
  /** First sentence of the file, without its full stop. */
  readonly about: string;
  readonly parts: readonly (Struct | Values)[];
}

const field =
  <Of extends Width>(width: Of) =>
  <const Name extends string>(name: Name, says: string, at?: number): Field<Name, Of> => ({
    name,
    width,
    says,
    ...(at !== undefined && { at }),
  });
const address = field('address');
const u32 = field('u32');
const i32 = field('i32');
const f64 = field('f64');

export const placementContext = {
  title: 'Placement context',
  prefix: 'context',
  fields: [
    address('offsets', "of the batch: where each datagram begins, in bytes of the memory's start"),
    address('lengths', 'of the batch: bytes of each datagram'),
    address('senders', 'of the batch: the sender of each datagram'),
    address('records', "the port's slot records"),
    u32('recordStride', 'bytes from one record to the next'),
    address('received', 'counter'),
    address('bytes', 'counter'),
    address('accepted', 'counter'),
    address('reordered', 'counter'),
    address('starts', 'piece table: first piece of each packet'),
    address('pieces', 'piece table: its pieces'),
    address('ring', 'slot 0'),
    u32('slotStride', 'bytes from one slot to the next'),
    u32('slots', 'slots of the ring'),
    u32('packetBytes', 'of a plain datagram'),
    u32('frameNumberAt', 'byte of the datagram'),
    u32('packetNumberAt', 'byte of the datagram'),
    u32('payloadAt', 'byte of the datagram'),
    u32('identityAt', 'byte of the datagram: version and detector type'),
    u32('identityMask', 'bits of it that count'),
    u32('identity', 'what they must be'),
    u32('positionAt', 'byte of the datagram: row and column'),
    u32('positionMask', 'bits of it that count'),
    u32('position', 'what they must be'),
    u32('firstPacket', 'number of the first packet that is read out'),
    u32('expectedPackets', 'packets of a port image'),
    u32('missingByte', 'of which missing pixels are made'),
    u32('decode', 'how a payload becomes pixels'),
    f64('lowest', 'own number of a plain packet, at least'),
    f64('highest', 'own number of a plain packet, at most'),
    f64('newest', 'own number below which a packet is reordered'),
    f64('completed', 'answer: own number of the frame whose image is complete, 0 = none'),
    address('seams', 'seams of the piece table'),
    u32('payloadBytes', 'of a plain datagram'),
    u32('stride', 'numbers from one own frame to the next'),
    f64('origin', "the detector's number of an own frame"),
    f64('firstOwn', 'own number of that frame'),
    u32('sender', 'whose packets are plain'),
  ],
  size: { name: 'contextHeadBytes', bytes: 256, says: 'Bytes before the tables.' },
} as const satisfies Struct;

export const slotRecord = {
  title: 'Slot record',
  prefix: 'record',
  inWords: true,
  fields: [
    u32('published', 'tag of the frame number, stored last: the image is closed'),
    u32('frameLow', 'own number, low half'),
    u32('frameHigh', 'own number, high half'),
    u32('state', 'empty, open or closed'),
    u32('accepted', 'packets accepted'),
    u32('outcome', 'how the image was closed'),
    i32('highest', 'highest packet accepted, to tell reordered ones; −1 = none'),
    u32('opened', 'times that the slot was opened, never forgotten: a reader looks again after it has copied pixels'),
    f64('firstPacketAt', "time of the first packet, ms of the service's clock", 32),
    f64('closedAt', "time of closing, ms of the service's clock"),
    u32('header', "the first accepted packet's 48 bytes", 48),
    u32('bits', 'one bit per packet accepted, then one private bit per packet that came late', 96),
  ],
} as const satisfies Struct;

export const flightEntry = {
  title: 'Entry of the flight ring',
  prefix: 'flight',
  fields: [
    f64('time', "when its batch was read, ms of the service's clock; before it the packet's first 48 bytes", 48),
    u32('length', 'bytes of the datagram'),
    u32('class', 'index into the port counters, 0 = held'),
  ],
  size: { name: 'flightEntryBytes', bytes: 64, says: 'From one entry to the next.' },
} as const satisfies Struct;

/** Of bitshuffle's blocks. */
const blockBytes = 8192;

export const kernelWords: readonly WordsFile[] = [
  {
    file: 'placement-words',
    about: 'Where the fields of a placement context, its pieces and seams lie',
    parts: [
      placementContext,
      {
        title: 'Ways to decode',
        values: [
          ['decodeCopy', 0, 'pixels as they are'],
          ['decode4HighFirst', 1, '4 bit, the left pixel in the high half of its byte'],
          ['decode4LowFirst', 2, '4 bit, the left pixel in the low half of its byte'],
          ['decode12', 3, '12 bit'],
        ],
      },
      {
        title: 'Piece of the piece table',
        prefix: 'piece',
        fields: [
          i32('from', 'byte of the payload; of packed pixels the half byte'),
          i32('to', 'byte of the frame'),
          i32('length', 'bytes of the frame'),
        ],
        size: { name: 'pieceBytes', bytes: 12, says: 'From one piece to the next.' },
      },
      {
        title: 'Seam of the piece table',
        prefix: 'seam',
        fields: [
          i32('to', 'byte of the frame of the pixel shared with the packet before, −1 = none'),
          i32('bits', 'of it that lie in the packet before'),
        ],
        size: { name: 'seamBytes', bytes: 8, says: 'From one seam to the next.' },
      },
    ],
  },
  {
    file: 'record-words',
    about: 'Where the fields of a slot record lie',
    parts: [
      slotRecord,
      {
        title: 'States of a slot record',
        values: [
          ['stateEmpty', 0, 'no frame'],
          ['stateOpen', 1, 'packets are taken'],
          ['stateClosed', 2, 'handed over'],
        ],
      },
    ],
  },
  {
    file: 'flight-words',
    about: 'Where the fields of an entry of the flight ring lie',
    parts: [flightEntry],
  },
  {
    file: 'chunk-words',
    about: 'How large a chunk of the encoder can be, and what it works in',
    parts: [
      {
        title: 'Chunk of a frame',
        values: [
          ['chunkHeadBytes', 12, 'bytes before the blocks'],
          ['chunkBlockBytes', blockBytes, 'bytes of the frame that one block has'],
          [
            'chunkBlockExtraBytes',
            4 + Math.floor(blockBytes / 255) + 16,
            'bytes that a block takes beyond those of the frame: its length, and what LZ4 makes of noise',
          ],
        ],
      },
      {
        title: 'Memory that an encoder works in',
        values: [
          ['encoderTableBits', 12, 'the table has 2 to this power positions of 16 bits'],
          ['encoderSlackBytes', 16, 'bytes that a copy may read and write too far'],
        ],
      },
    ],
  },
];

const bytesOf = (width: Width): number => (width === 'f64' ? 8 : 4);
const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

/** Fields with their places in bytes. @throws Error when one lies in another, or crooked */
export function placed(fields: readonly Field[]): { readonly field: Field; readonly at: number }[] {
  let end = 0;
  return fields.map((field) => {
    const bytes = bytesOf(field.width);
    const at = field.at ?? Math.ceil(end / bytes) * bytes;
    if (at < end || at % bytes !== 0) throw new Error(`${field.name}: byte ${at} is taken, or not aligned`);
    end = at + bytes;
    return { field, at };
  });
}

/** Names of constants with their values, in the order of the table. */
export function constantsOf(part: Struct | Values): [name: string, value: number, says: string][] {
  if ('values' in part) return part.values.map(([name, value, says]) => [name, value, says]);
  const { prefix, inWords, fields, size } = part;
  const constants = placed(fields).map(({ field, at }): [string, number, string] => [
    `${prefix}${capital(field.name)}${inWords ? 'Word' : ''}`,
    inWords ? at / 4 : at,
    field.says,
  ]);
  return size === undefined ? constants : [...constants, [size.name, size.bytes, size.says]];
}

/** Text of the file that both compilers read: plain constants, which is all that both understand. */
export function constantsText({ about, parts }: WordsFile): string {
  const blocks = parts.map((part) => {
    const unit = 'values' in part ? '' : part.inWords ? ', in 32-bit words' : ', in bytes';
    const lines = constantsOf(part).map(([name, value]) => `export const ${name} = ${value};`);
    return [`// ${part.title}${unit}.`, ...lines].join('\n');
  });
  const opening = [
    `// ${about}. Made from kernel-words.ts by`,
    '// scripts/write-kernel-words.mjs, for two compilers: plain constants are what both read. What each holds:',
    '// docs/reference/kernel-words.md.',
    '// Tested by test/memory/kernel-words.test.ts.',
  ];
  return `${opening.join('\n')}\n\n${blocks.join('\n\n')}\n`;
}

/** Text of docs/reference/kernel-words.md. */
export function kernelWordsReference(): string {
  const sections = kernelWords.flatMap(({ file, parts }) =>
    parts.map((part) => {
      const rows =
        'values' in part
          ? [
              '| constant | value | |',
              '|---|---|---|',
              ...part.values.map(([name, value, says]) => `| \`${name}\` | ${value} | ${says} |`),
            ]
          : [
              '| byte | width | constant | holds |',
              '|---|---|---|---|',
              ...placed(part.fields).map(({ field, at }, index) => {
                const [name] = constantsOf(part)[index];
                return `| ${at} | ${field.width} | \`${name}\` | ${field.says} |`;
              }),
            ];
      return `## ${part.title}\n\nConstants: \`src/memory/${file}.ts\`.\n\n${rows.join('\n')}\n`;
    }),
  );
  const introduction =
    'Generated from `src/memory/kernel-words.ts` by `node scripts/write-kernel-words.mjs`. The service shares these\n' +
    'words with its compiled placement and its compiled encoder; `address` is 32 bits, bytes from the start of the\n' +
    'memory. Their writers: [architecture.md](../architecture.md#memory).\n';
  return `# Words shared with the kernel\n\n${introduction}\n${sections.join('\n')}`;
}
