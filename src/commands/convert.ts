// `vdcu convert`: an existing HDF5 file, compressed or unpacked into a new one. The work lies in src/convert/.
// Tested by test/convert/convert.test.ts.

import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { compressions } from '../contract/compressions.js';
import type { Compression } from '../contract/compressions.js';
import type { ConvertReport } from '../convert/convert.js';
import { helpEnd, sharedCodes, wholeNumber } from './arguments.js';

interface ConvertCommandOptions {
  readonly to: Compression;
  readonly threads?: number;
  readonly json?: true;
}

/** A new line of progress at most this often, ms. */
const progressMs = 500;

/** Add the command to the program. */
export function addConvert(program: Command): void {
  program
    .command('convert')
    .summary('compress the images of an HDF5 file, or unpack them')
    .description(
      'Write the HDF5 file FILE anew as OUT, its stacks of images compressed with bitshuffle and LZ4 (filter 32008), ' +
        'or not compressed; everything else is copied. Images may be compressed in any way that h5wasm-plugins ' +
        'knows. FILE stays as it is. Until all is written the new file is called OUT.part; when something goes ' +
        'wrong, or at Ctrl-C, nothing of it is left.',
    )
    .argument('<file>', 'an HDF5 file')
    .argument('<out>', 'a file that does not exist yet')
    .addOption(
      new Option('--to <compression>', 'how images are compressed in OUT').choices(compressions).default('bslz4'),
    )
    .option('--threads <count>', 'threads that read and compress (default: one per core)', wholeNumber(1, 128))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      helpEnd(
        ['vdcu convert scan.h5 scan-small.h5', 'vdcu convert scan-small.h5 scan.h5 --to none --json'],
        [
          [exitCode.ok, 'OUT is there, with every image'],
          [
            exitCode.usage,
            'wrong options; FILE is no HDF5 file, has no images, has them so already, or has what is not copied',
          ],
          [exitCode.environment, 'OUT exists already or cannot be written, the disk is full, an image cannot be read'],
          sharedCodes.internal,
          [exitCode.interrupted, 'interrupted: nothing of OUT is left'],
        ],
      ),
    )
    .action(async (file: string, out: string, options: ConvertCommandOptions) => {
      await convert(file, out, options);
    });
}

/** Convert until done or Ctrl-C. @throws OperatorError */
export async function convert(file: string, out: string, { to, threads, json }: ConvertCommandOptions): Promise<void> {
  const { convertFile } = await import('../convert/convert.js');
  const { ProgressLine } = await import('../../simulators/terminal.js');
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  const progress = new ProgressLine(process);
  let last = { images: 0, at: 0 };
  let report: ConvertReport;
  try {
    report = await convertFile({
      file,
      out,
      to,
      threads: threads ?? availableParallelism(),
      signal: interrupt.signal,
      onProgress: ({ images, imagesInAll, pixelBytes, elapsedMs }) => {
        if (elapsedMs - last.at < progressMs) return;
        const seconds = (elapsedMs - last.at) / 1000;
        const rate = (images - last.images) / seconds;
        progress.show(
          `${images} of ${imagesInAll} images  ${rate.toFixed(0)} images/s  ` +
            `${((rate * pixelBytes) / images / 1e6).toFixed(1)} MB/s of pixels`,
        );
        last = { images, at: elapsedMs };
      },
    });
  } finally {
    progress.end();
    interrupt.release();
  }
  process.stdout.write(json === true ? `${JSON.stringify(convertJson(report, out))}\n` : convertText(report, out));
}

/** The report as it leaves the process. */
function convertJson(report: ConvertReport, out: string): Record<string, unknown> {
  return {
    file: out,
    datasets: report.stacks,
    images: report.images,
    pixel_bytes: report.pixelBytes,
    bytes_before: report.bytesBefore,
    bytes_after: report.bytesAfter,
    elapsed_ms: report.elapsedMs,
    changed: report.changed,
  };
}

function convertText(report: ConvertReport, out: string): string {
  const { stacks, images, pixelBytes, bytesBefore, bytesAfter, elapsedMs, changed } = report;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const seconds = elapsedMs / 1000;
  return `${[
    `${out}: ${images} images of ${stacks.map(({ path }) => path).join(', ')}`,
    `${megabytes(bytesBefore)} before, ${megabytes(bytesAfter)} now; ${seconds.toFixed(1)} s, ` +
      `${(images / seconds).toFixed(0)} images/s, ${(pixelBytes / seconds / 1e6).toFixed(0)} MB/s of pixels`,
    ...changed,
  ].join('\n')}\n`;
}
