import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCapture } from './pcap.js';
import { Pipeline } from './pipeline.js';

// From dist*/test/pipeline: the captures lie beside the repository, or where the environment says.
const folder = process.env['VDCU_CAPTURES'] ?? join(import.meta.dirname, '../../../../shared/captures');

/** A capture of five frames, the same image in each unless it says `frame`. */
interface Capture {
  readonly file: string;
  readonly yaml: string;
  readonly shape: readonly [rows: number, columns: number];
  readonly type: 'uint16' | 'uint32';
  /** Expected pixel; y and x in the frame, `frame` from 0. Null = a gap. */
  readonly value: (y: number, x: number, frame: number) => number | null;
}

/** Coordinates without the two gap pixels between chips of 256; −1 = a gap. */
const ungapped = (at: number): number => (at % 258 >= 256 ? -1 : at - 2 * Math.floor(at / 258));
const over =
  (value: (y: number, x: number) => number) =>
  (y: number, x: number): number | null =>
    ungapped(y) < 0 || ungapped(x) < 0 ? null : value(ungapped(y), ungapped(x));

/** 12 bit pixels of a half-module image: raster index modulo 4096. */
const raster12 = (y: number, x: number): number => (y * 1024 + x) & 0xfff;

/** Gotthard2's virtual server adds the frame's index and moves the gain bits on before each frame, cumulatively. */
function gotthard2(x: number, frame: number): number {
  const gain = x < 400 ? 1 : x < 800 ? 2 : 3;
  let value = ((x & ~0x3000) | (gain << 12)) & 0xffff;
  for (let k = 0; k <= frame; k++) value = (((value + k) & ~0x3000) | ((gain + k) << 12)) & 0xffff;
  return value;
}

const captures: readonly Capture[] = [
  {
    file: 'eiger_2half_top50001-50002_bottom50003-50004_dr12_10g4096B_5frames.pcap.gz',
    yaml:
      'detector: eiger\nmodules: [2, 1]\ndynamic_range: 12\nudp_ports: [50001, 50002, 50003, 50004]\nport_positions: ' +
      '{50003: [1, 0], 50004: [1, 1]}',
    shape: [514, 1030],
    type: 'uint16',
    value: over((y, x) => (y < 256 ? raster12(y, x) : raster12(511 - y, x))),
  },
  {
    file: 'eiger_2half_top50001-50002_bottom50003-50004_dr12_10g4096B_5frames.pcap.gz',
    // By their headers the two ports of PSI's virtual bottom server are exchanged.
    yaml: 'detector: eiger\nmodules: [2, 1]\ndynamic_range: 12\nudp_ports: [50001, 50002, 50003, 50004]',
    shape: [514, 1030],
    type: 'uint16',
    value: over((y, x) => (y < 256 ? raster12(y, x) : raster12(511 - y, (x + 512) % 1024))),
  },
  {
    file: 'jungfrau_1interface_50001_5frames.pcap.gz',
    yaml: 'detector: jungfrau\nudp_ports: [50001]',
    shape: [514, 1030],
    type: 'uint16',
    value: over((y, x) => ((((y * 1024 + x) >> 12) + 1) & 0x3fff) | ((x < 300 ? 0 : x < 600 ? 1 : 3) << 14)),
  },
  {
    file: 'moench_1interface_50001_5frames.pcap.gz',
    yaml: 'detector: moench\nudp_ports: [50001]',
    shape: [400, 400],
    type: 'uint16',
    value: (y, x) => Math.floor((y * 400 + x) / 3200) + 1,
  },
  {
    file: 'mythen3_10g_dr32_3counters_50001_5frames.pcap.gz',
    yaml: 'detector: mythen3\ncounters: 3\ndynamic_range: 32\nudp_ports: [50001]',
    shape: [3, 1280],
    type: 'uint32',
    value: (y, x) => y * 1280 + x,
  },
  {
    file: 'mythen3_10g_dr32_3counters_50001_5frames.pcap.gz',
    yaml: 'detector: mythen3\ncounters: 3\ndynamic_range: 32\nflat: true\nudp_ports: [50001]',
    shape: [1, 3840],
    type: 'uint32',
    value: (_, x) => x,
  },
  {
    file: 'gotthard2_50001_5frames.pcap.gz',
    yaml: 'detector: gotthard2\nudp_ports: [50001]',
    shape: [1, 1280],
    type: 'uint16',
    value: (_, x, frame) => gotthard2(x, frame),
  },
];

for (const { file, yaml, shape, type, value } of captures) {
  const skip = existsSync(join(folder, file)) ? false : `no ${file} in ${folder}`;
  t.test(`${file}, ${yaml.split('\n').at(-1)}: captured packets give the expected pixels`, { skip }, async (t) => {
    for (const compiled of [false, true]) {
      const pipeline = new Pipeline({ yaml: `${yaml}\nseries: armed\nring_frames: 16\nstart_window_ms: 5`, compiled });
      pipeline.sink.connect();
      pipeline.arm({ frames: 5 });
      for (const { destinationPort, payload } of readCapture(join(folder, file))) {
        const port = pipeline.config.detector.udpPorts.indexOf(destinationPort);
        if (port >= 0) pipeline.deliver(port, payload);
        pipeline.settle();
      }
      pipeline.run(1000);
      t.match(pipeline.summaries[0], {
        frames: 5,
        complete: 5,
        warnings: [],
        first_frame_number: yaml.includes('mythen3') ? 2 : 1,
      });
      const images = pipeline.images();
      t.equal(images.length, 5);
      images.forEach((fields, index) => {
        t.match(fields, { shape, type, complete: true });
        const bytes = (pipeline.imageMessages()[index]?.parts[1]).slice();
        const pixels = type === 'uint16' ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
        let wrong = Math.abs(pixels.length - shape[0] * shape[1]);
        for (let y = 0; y < shape[0]; y++)
          for (let x = 0; x < shape[1]; x++) if (pixels[y * shape[1] + x] !== (value(y, x, index) ?? 0)) wrong++;
        t.equal(wrong, 0, `frame ${index}`);
      });
    }
  });
}
