// The files of the page: HTML, style, modules, as the build laid them into the package (src/page/). Read once at start and kept, so
// that a request never names a path.

import { readFileSync, readdirSync } from 'node:fs';

/** A file as it is served. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** By name; empty when the page was not built. */
export function readPageFiles(folder: URL = new URL('../../page/', import.meta.url)): ReadonlyMap<string, PageFile> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return new Map();
  }
  const files = names.flatMap((name): [string, PageFile][] => {
    const type = types[name.slice(name.lastIndexOf('.') + 1)];
    return type === undefined ? [] : [[name, { type, content: readFileSync(new URL(name, folder)) }]];
  });
  return new Map(files);
}
