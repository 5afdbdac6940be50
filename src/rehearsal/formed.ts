// The series of the rehearsal whose images leave in another form than they lie in memory: cut, turned, mirrored, masked
// and compressed. It has a service of its own, because the form is a matter of the configuration.
// Tested by test/threads/rehearsal.test.ts.

import { loadConfig } from '../config/load.js';
import { makeLogger } from '../runtime/log.js';
import { startService } from '../service/service.js';
import { play } from './scene.js';
import type { Playing, SceneReport } from './scene.js';

/** Keys of the configuration of a quad. @param mask file with a mask */
export const formOf = (mask: string): object => ({
  compression: 'bslz4',
  turn: 90,
  mirror: true,
  roi: [30, 20, 400, 450],
  mask,
});

/** A mask for the frame of a quad, as numpy.save writes it. */
export function everyHundredthPixel(): Buffer {
  const [rows, columns] = [514, 514];
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${rows}, ${columns}), }\n`;
  const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  head.writeUInt16LE(header.length, 8);
  const pixels = Uint8Array.from({ length: rows * columns }, (_, pixel) => Number(pixel % 100 === 0));
  return Buffer.concat([head, Buffer.from(header, 'latin1'), pixels]);
}

/** The last series, through a service of its own: form and compression are the configuration's. */
export async function playFormed(
  playing: Pick<Playing, 'file' | 'children' | 'cutShort' | 'options'>,
): Promise<SceneReport> {
  const { file, options, cutShort } = playing;
  const config = loadConfig(file, 'formed');
  const service = await startService(config, { logger: makeLogger('error', config.name) });
  const cut = Promise.race([cutShort, service.failed]);
  cut.catch(() => undefined);
  const scene = {
    title: 'cut, turned, mirrored, masked and compressed, packets lost',
    frames: options.short ? 30 : 300,
    rate: 100,
    simulate: ['--loss', '0.001'],
  };
  try {
    return await play({ ...playing, scene, entry: config.name, firstFrame: 1, service, cutShort: cut });
  } finally {
    await service.stop('the rehearsal is over');
  }
}
