// HDF5 files for reading images and recording streams: the only file that knows h5wasm. It loads the library when it is
// first needed (4 MB of WebAssembly), adds the plugins that decompress bitshuffle and others, and turns HDF5's stacks
// of errors into one line. Files are read and written in place, so memory holds no more than what is being moved. The
// library is there twice: to read, with the plugins that unpack, and to write, with the one that hands on chunks which
// are compressed already (direct-chunks.ts); of two filters with one number it knows only the first.
// Tested by test/simulators/files/hdf5-source.test.ts.

import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dataset, File as H5File, Group } from 'h5wasm/node';
import { exitCode, messageOf, OperatorError } from '../../src/base/errors.js';
import type { Overlay } from './overlay.js';

export type { Dataset, Group, H5File };

/** What the library offers, ready for use. */
export interface Hdf5 {
  readonly File: typeof H5File;
  readonly Dataset: typeof Dataset;
}

/** What writes; its filter 32008 hands on what it is given. */
export interface Hdf5Writer {
  readonly File: typeof H5File;
  /** The memory that it works in. */
  readonly module: { readonly HEAPU8: Uint8Array; _malloc(bytes: number): number; _free(at: number): void };
}

let loading: Promise<Hdf5> | null = null;
let loadingWriter: Promise<Hdf5Writer> | null = null;

/** The library; loaded once per process. @throws OperatorError (environment) where it is not installed */
export function loadHdf5(): Promise<Hdf5> {
  return (loading ??= load());
}

/** What writes, loaded once per process. @throws OperatorError as `loadHdf5` */
export function loadWriter(): Promise<Hdf5Writer> {
  return (loadingWriter ??= openWriter());
}

async function openWriter(): Promise<Hdf5Writer> {
  const { File, ready } = await importLibrary('?writer');
  const module = await ready;
  module.activate_throwing_error_handler();
  module.insert_plugin_search_path(fileURLToPath(new URL('direct', import.meta.url)), 0);
  return { File, module: module as unknown as Hdf5Writer['module'] };
}

async function load(): Promise<Hdf5> {
  const library = await importLibrary('');
  const module = await library.ready;
  module.activate_throwing_error_handler();
  const plugins = pluginFolder();
  if (plugins !== null) module.insert_plugin_search_path(plugins, 0);
  return { File: library.File, Dataset: library.Dataset };
}

/** @param which one for each text that begins with a question mark */
async function importLibrary(which: string): Promise<typeof import('h5wasm/node')> {
  try {
    return (await import(`${import.meta.resolve('h5wasm/node')}${which}`)) as typeof import('h5wasm/node');
  } catch (error) {
    throw new OperatorError(
      `HDF5 files need the package h5wasm, which cannot be loaded (${messageOf(error)}). Install it: npm install`,
      undefined,
      { cause: error },
    );
  }
}

/** Where the filters lie; without them compressed data gives an error that names the filter. */
function pluginFolder(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('h5wasm-plugins')), 'plugins');
  } catch {
    return null;
  }
}

/**
 * The cause of an HDF5 error in one line: what the system said, else the innermost entry of its stack.
 * @param error as thrown by h5wasm: a text of many lines
 */
export function hdf5Reason(error: unknown): string {
  const text = messageOf(error);
  // What the system said weighs more than where in the library it was said.
  const system = /errno = \d+, error message = '([^']*)'/.exec(text)?.[1];
  if (system !== undefined) return system;
  const reasons = [...text.matchAll(/^\s*#\d+: .*? in \w+\(\): (.*)$/gm)].map((match) => match[1]);
  const filter = reasons.find((reason) => reason.startsWith('required filter'));
  return (filter ?? reasons.at(-1) ?? text.split('\n')[0] ?? '').trim();
}

/**
 * Open a file for reading.
 * @throws OperatorError (usage) when there is none, or it is no HDF5 file
 */
export async function openForReading(file: string): Promise<H5File> {
  let isFile: boolean;
  try {
    isFile = statSync(file).isFile();
  } catch (error) {
    throw new OperatorError(`${file}: cannot be read (${messageOf(error)}). Give an HDF5 file`, exitCode.usage, {
      cause: error,
    });
  }
  if (!isFile) throw new OperatorError(`${file}: is no file. Give an HDF5 file`, exitCode.usage);
  const { File } = await loadHdf5();
  try {
    return new File(file, 'r');
  } catch (error) {
    throw new OperatorError(
      `${file}: cannot be read as HDF5 (${hdf5Reason(error)}). Give a complete HDF5 file`,
      exitCode.usage,
      { cause: error },
    );
  }
}

/**
 * Make a new file; one that exists is left alone.
 * @throws OperatorError (environment) when it exists or cannot be made
 */
export async function createForWriting(file: string): Promise<H5File> {
  refuseExisting(file);
  const { File } = await loadWriter();
  try {
    return new File(file, 'x');
  } catch (error) {
    throw new OperatorError(
      `${file}: cannot be made (${hdf5Reason(error)}). Give a name in a folder that exists and may be written to`,
      undefined,
      { cause: error },
    );
  }
}

/** @throws OperatorError (environment) when a file of that name exists, or none of it can be made */
export function refuseExisting(file: string): void {
  let found: unknown;
  try {
    found = statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw new OperatorError(
      `${file}: cannot be made (${messageOf(error)}). Give a name in a folder that exists and may be written to`,
      undefined,
      { cause: error },
    );
  }
  if (found !== undefined) throw existsAlready(file);
}

/** A file of that name is there, and stays as it is. */
export const existsAlready = (file: string): OperatorError =>
  new OperatorError(`${file}: exists already, and nothing is overwritten. Give another name, or remove it`);

/** Close a file that is of no use any more: the library may refuse to close what it cannot write. */
export function closeQuietly(file: H5File): void {
  try {
    file.close();
  } catch {
    // The caller says what is in the file.
  }
}

/** A stream of the library's file system, as far as it is looked at here. */
interface LibraryStream {
  position: number;
}

type Position = number | undefined;

/** What the library asks of files; every system call of it goes through here. */
interface LibraryFiles {
  open: (path: string, flags: number, mode?: number) => LibraryStream & { readonly fd: number };
  read: (stream: LibraryStream, into: Uint8Array, offset: number, length: number, at: Position) => number;
  write: (stream: LibraryStream, from: Uint8Array, offset: number, length: number, at: Position) => number;
  llseek: (stream: LibraryStream, offset: number, whence: number) => number;
  fstat: (descriptor: number) => { size: number };
  ftruncate: (descriptor: number, size: number) => void;
}

const seekEnd = 2;

/**
 * Work on a file whose changes go into an overlay; the file itself is not touched.
 * @throws OperatorError (usage) when it is no HDF5 file, or another program writes it; what `work` throws
 */
export async function changeOver(overlay: Overlay, work: (file: H5File) => void): Promise<void> {
  const { File } = await loadHdf5();
  const { ready } = await import('h5wasm/node');
  const files = (await ready).FS as unknown as LibraryFiles;
  const { open, read, write, llseek, fstat, ftruncate } = files;
  const given = { open, read, write, llseek, fstat, ftruncate };
  let own: ReturnType<LibraryFiles['open']> | null = null;
  const at = (stream: LibraryStream, position: Position, done: number): number => {
    if (position === undefined) stream.position += done;
    return done;
  };
  files.open = (path, flags, mode) =>
    path === overlay.path ? (own = given.open(path, 0)) : given.open(path, flags, mode);
  files.read = (stream, into, offset, length, position) =>
    stream !== own
      ? given.read(stream, into, offset, length, position)
      : at(stream, position, overlay.read(bytesOf(into, offset, length), position ?? stream.position));
  files.write = (stream, from, offset, length, position) =>
    stream !== own
      ? given.write(stream, from, offset, length, position)
      : at(stream, position, overlay.write(bytesOf(from, offset, length), position ?? stream.position));
  files.llseek = (stream, offset, whence) =>
    stream === own && whence === seekEnd
      ? (stream.position = overlay.size + offset)
      : given.llseek(stream, offset, whence);
  files.fstat = (descriptor) =>
    descriptor === own?.fd ? { ...given.fstat(descriptor), size: overlay.size } : given.fstat(descriptor);
  files.ftruncate = (descriptor, size) =>
    descriptor === own?.fd ? overlay.truncate(size) : given.ftruncate(descriptor, size);
  try {
    let file: H5File;
    try {
      file = new File(overlay.path, 'a');
    } catch (error) {
      throw new OperatorError(
        `${overlay.path}: cannot be changed as HDF5 (${hdf5Reason(error)}). Give a complete HDF5 file that no ` +
          'program writes any more',
        exitCode.usage,
        { cause: error },
      );
    }
    try {
      work(file);
    } finally {
      file.close();
    }
  } finally {
    Object.assign(files, given);
  }
}

/** The library hands over its memory as signed bytes. */
const bytesOf = ({ buffer, byteOffset }: Uint8Array, offset: number, length: number): Uint8Array =>
  new Uint8Array(buffer, byteOffset + offset, length);
