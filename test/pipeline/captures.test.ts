import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCapture } from './pcap.js';
import { Pipeline } from './pipeline.js';

// From dist*/test/pipeline: the captures lie beside the repository, or where the environment says.
const folder = process.env['VDCU_CAPTURES'] ?? join(import.meta.dirname, '../../../../shared/captures');

/** Play a capture into a pipeline; the frames that came out, as 16-bit pixels. */
function playCapture(file: string, yaml: string): { pipeline: Pipeline; frames: Uint16Array[] } {
  const pipeline = new Pipeline({ yaml: `${yaml}\nseries: armed\nring_frames: 16\n` });
  pipeline.sink.connect();
  pipeline.arm({ firstFrameNumber: 1, frames: 5 });
  for (const { destinationPort, payload } of readCapture(join(folder, file))) {
    const port = pipeline.config.detector.udpPorts.indexOf(destinationPort);
    if (port >= 0) pipeline.deliver(port, payload);
    pipeline.settle();
  }
  pipeline.run(100);
  const frames = pipeline.imageMessages().map(({ parts }) => {
    const pixels = parts[1].slice();
    return new Uint16Array(pixels.buffer);
  });
  return { pipeline, frames };
}

/** Pixels that are not what they should be; x and y as in the frame without gaps, with gaps 2 more beyond each chip. */
function wrongPixels(
  frame: Uint16Array,
  rows: number,
  columns: number,
  gaps: boolean,
  expected: (y: number, x: number) => number,
): number {
  const g = (at: number): number => (gaps ? at + 2 * Math.floor(at / 256) : at);
  const width = g(columns - 1) + 1;
  const all = new Uint16Array(width * (g(rows - 1) + 1));
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) all[g(y) * width + g(x)] = expected(y, x);
  let wrong = Math.abs(all.length - frame.length);
  for (let at = 0; at < all.length; at++) if (all[at] !== frame[at]) wrong++;
  return wrong;
}

const quadFile = 'eiger_quad_50001-50002_dr16_10g4096B_5frames.pcap.gz';
const modulesFile = 'eiger_2half_top50001-50002_bottom50003-50004_dr16_10g4096B_5frames.pcap.gz';
/** Raster index of a half-module image of 1024 × 256, as PSI's virtual servers fill it. */
const raster = (y: number, x: number): number => (y * 1024 + x) >> 11;

const present = existsSync(join(folder, quadFile)) && existsSync(join(folder, modulesFile));

t.test(
  'captured packets of a quad give the expected pixels',
  { skip: present ? false : `no captures in ${folder}` },
  async (t) => {
    for (const gaps of [true, false]) {
      const { pipeline, frames } = playCapture(
        quadFile,
        `detector: eiger\nquad: true\ndynamic_range: 16\nudp_ports: [50001, 50002]\ngap_pixels: ${gaps}`,
      );
      t.match(pipeline.summaries[0], { frames: 5, complete: 5, warnings: [] });
      // Upper half: port 50002 (the right one, x from 512), upside down. Lower half: port 50001 as received.
      for (const frame of frames)
        t.equal(
          wrongPixels(frame, 512, 512, gaps, (y, x) => (y < 256 ? raster(255 - y, 512 + x) : raster(y - 256, x))),
          0,
        );
      t.equal(frames.length, 5);
    }
  },
);

t.test(
  'captured packets of two half-modules are placed by their headers',
  { skip: present ? false : `no captures in ${folder}` },
  async (t) => {
    const { pipeline, frames } = playCapture(
      modulesFile,
      'detector: eiger\nmodules: [2, 1]\ndynamic_range: 16\nudp_ports: [50001, 50002, 50003, 50004]',
    );
    t.match(pipeline.summaries[0], { frames: 5, complete: 5, warnings: [] });
    // PSI's virtual bottom server says column 1 for its left port: by the header its halves are exchanged.
    for (const frame of frames)
      t.equal(
        wrongPixels(frame, 512, 1024, true, (y, x) => (y < 256 ? raster(y, x) : raster(511 - y, (x + 512) % 1024))),
        0,
      );
    t.equal(frames.length, 5);
  },
);

t.test(
  'port_positions puts them where they belong',
  { skip: present ? false : `no captures in ${folder}` },
  async (t) => {
    const { pipeline, frames } = playCapture(
      modulesFile,
      'detector: eiger\nmodules: [2, 1]\ndynamic_range: 16\nudp_ports: [50001, 50002, 50003, ' +
        '50004]\nport_positions: {50003: [1, 0], 50004: [1, 1]}',
    );
    t.match(pipeline.summaries[0], { frames: 5, complete: 5, warnings: [] });
    for (const frame of frames)
      t.equal(
        wrongPixels(frame, 512, 1024, true, (y, x) => (y < 256 ? raster(y, x) : raster(511 - y, x))),
        0,
      );
  },
);
