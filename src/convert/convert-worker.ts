// A thread of the pool that converts files: one image of a stack at a time. Comes in: which one. Goes out: its pixels,
// or the chunk that they are compressed to. HDF5's own library unpacks, whatever filter the file has; each thread has
// opened the file for itself.
// Tested by test/convert/convert.test.ts.

import { move } from 'piscina';
import { loadEncodeKernel } from '../encode/encode-kernel.js';
import type { EncodeKernel } from '../encode/encode-kernel.js';
import { hdf5Reason, openForReading } from '../../simulators/files/hdf5.js';
import type { Dataset, H5File } from '../../simulators/files/hdf5.js';

/** One image. */
export interface ImageTask {
  readonly file: string;
  readonly dataset: string;
  readonly index: number;
  readonly dimensions: number;
  readonly pixelBytes: number;
  readonly compress: boolean;
}

let opened: { readonly name: string; readonly file: H5File; readonly datasets: Map<string, Dataset> } | null = null;
let encoder: { readonly bytes: number; readonly kernel: EncodeKernel; readonly memory: Uint8Array } | null = null;

/** Where the kernel's memory begins to be used, and between its regions, in bytes. */
const margin = 128;

/** Why an image cannot be read: what is thrown here loses its class on the way. */
export interface Unreadable {
  readonly unreadable: string;
}

export default async function convertImage(task: ImageTask): Promise<Uint8Array | Unreadable> {
  let pixels: Uint8Array;
  try {
    pixels = await read(task);
  } catch (error) {
    return { unreadable: hdf5Reason(error) };
  }
  const result = task.compress ? compress(pixels, task.pixelBytes) : pixels;
  return move(result) as unknown as Uint8Array;
}

async function read({ file: name, dataset: path, index, dimensions }: ImageTask): Promise<Uint8Array> {
  if (opened?.name !== name) {
    opened?.file.close();
    opened = { name, file: await openForReading(name), datasets: new Map() };
  }
  let dataset = opened.datasets.get(path);
  if (dataset === undefined) opened.datasets.set(path, (dataset = opened.file.get(path) as Dataset));
  const all = Array.from({ length: dimensions - 1 }, (): [] => []);
  const { buffer, byteOffset, byteLength } = dataset.slice([[index, index + 1], ...all]) as Uint8Array;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** @returns in memory of its own */
function compress(pixels: Uint8Array, pixelBytes: number): Uint8Array {
  if (encoder === null || encoder.bytes < pixels.length) encoder = makeEncoder(pixels.length);
  const { kernel, memory } = encoder;
  const from = margin + kernel.scratchBytes() + margin;
  const to = from + pixels.length + margin;
  memory.set(pixels, from);
  return memory.slice(to, to + kernel.encode(from, pixels.length / pixelBytes, pixelBytes, to, margin));
}

function makeEncoder(bytes: number): NonNullable<typeof encoder> {
  const page = 65536;
  // An image, its chunk, which is longer only by a little, and what the kernel works in.
  const pages = Math.ceil((2.1 * bytes) / page) + 2;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { bytes, kernel: loadEncodeKernel(memory), memory: new Uint8Array(memory.buffer) };
}
