// Builds the pages (src/page/): checks their types, bundles their modules with the libraries they use into page.js,
// overview.js and page.css, and lays HTML, icon and the libraries' licences beside them, where the service finds them.
// Usage: node scripts/build-page.mjs [output folder of tsc, default: dist]

import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const baseDir = resolve(import.meta.dirname, '..');
const source = resolve(baseDir, 'src/page');
const output = resolve(process.argv[2] ?? resolve(baseDir, 'dist'));
const target = resolve(output, 'src/page');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const { status } = spawnSync(
  process.execPath,
  [tsc, '-p', source, '--tsBuildInfoFile', resolve(output, '.tsbuildinfo-page')],
  { stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);

const { metafile } = await build({
  absWorkingDir: baseDir,
  entryPoints: ['page.ts', 'overview.ts', 'page.css'].map((name) => resolve(source, name)),
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
for (const name of ['index.html', 'overview.html', 'icon.svg']) cpSync(resolve(source, name), resolve(target, name));
writeFileSync(resolve(target, 'licences.txt'), licences(Object.keys(metafile.inputs)));

/** The licence of each package that a bundled file comes from. */
function licences(files) {
  const packages = [
    ...new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [])),
  ].sort();
  return packages
    .map((name) => {
      const folder = resolve(baseDir, 'node_modules', name);
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} has no licence file`);
      const { version } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'));
      return `${name} ${version}\n\n${readFileSync(resolve(folder, file), 'utf8').trim()}\n`;
    })
    .join('\n----\n\n');
}
