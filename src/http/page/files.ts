// The files of the page: HTML, style, script, icon, licences of what is bundled, as the build laid them into the
// package (src/page/). Read once at start and kept, so that a request never names a path.
// Tested by test/http/page/routes.test.ts.

import { readFileSync } from 'node:fs';

/** A file as it is served. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

/** All that is served, by name, of the page of one service and of the overview of several. */
const pageFiles: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'licences.txt': 'text/plain; charset=utf-8',
};
export const overviewFiles: Readonly<Record<string, string>> = {
  'overview.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'overview.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'licences.txt': 'text/plain; charset=utf-8',
};

/** By name; empty when the page was not built. */
export function readPageFiles(
  types: Readonly<Record<string, string>> = pageFiles,
  folder: URL = new URL('../../page/', import.meta.url),
): ReadonlyMap<string, PageFile> {
  try {
    return new Map(
      Object.entries(types).map(([name, type]) => [name, { type, content: readFileSync(new URL(name, folder)) }]),
    );
  } catch {
    return new Map();
  }
}
