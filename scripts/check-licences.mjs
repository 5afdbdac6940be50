// Licences of all installed packages, those for development too, against a list of what we may pass on or use. Run by
// .ci/run; reads package-lock.json, and the package itself where the lock file names no licence. Ends with 1 and the
// packages that are not on the list.

import { readFileSync } from 'node:fs';

if (process.argv.includes('--help')) {
  process.stdout.write(
    'node scripts/check-licences.mjs: compares the licences of installed packages with the list in this file. ' +
      '--list prints all.\n',
  );
  process.exit(0);
}

/** Passed on with this program: use, change and pass on, with the notice kept. */
const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  '0BSD',
  'CC0-1.0',
  'Unlicense',
]);

/** Looked at one by one: name, licence, and why that is all right. */
const considered = {
  zeromq: ['MIT AND MPL-2.0', 'holds libzmq, whose MPL covers its own files only; used unchanged'],
  h5wasm: ['SEE LICENSE IN LICENSE.txt', 'public domain notice of NIST; HDF5 inside is BSD'],
  'jsonc-simple-parser': ['none named', 'its file `license` is the MIT licence; development only'],
  'axe-core': ['MPL-2.0', 'looks at the page in a test; development only, used unchanged'],
  'spdx-exceptions': ['CC-BY-3.0', 'a list of names, development only'],
};

/** An SPDX expression of OR, AND and one level of brackets. */
function permits(expression) {
  const text = expression.replace(/^\((.*)\)$/, '$1');
  if (text.includes(' OR ')) return text.split(' OR ').some(permits);
  if (text.includes(' AND ')) return text.split(' AND ').every(permits);
  return allowed.has(text);
}

const root = new URL('../', import.meta.url);
const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));
const counts = new Map();
const problems = [];
for (const [path, entry] of Object.entries(packages)) {
  if (path === '' || entry.link) continue;
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  let { license } = entry;
  if (license === undefined) {
    try {
      const found = JSON.parse(readFileSync(new URL(`${path}/package.json`, root), 'utf8'));
      license =
        typeof found.license === 'string'
          ? found.license
          : (found.license?.type ?? found.licenses?.map(({ type }) => type).join(' OR '));
    } catch {
      // Packages for other systems are in the lock file and not installed.
      if (entry.optional) continue;
    }
  }
  license ??= 'none named';
  if (process.argv.includes('--list')) process.stdout.write(`${name} ${entry.version}: ${license}\n`);
  counts.set(license, (counts.get(license) ?? 0) + 1);
  if (!permits(license) && considered[name]?.[0] !== license) problems.push(`${name} ${entry.version}: ${license}`);
}
process.stdout.write(
  `${[...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([license, count]) => `${count} ${license}`)
    .join(', ')}\n`,
);
for (const problem of problems)
  process.stderr.write(
    `licence not on the list: ${problem}. Choose another package, or add it to scripts/check-licences.mjs with the ` +
      'reason\n',
  );
process.exitCode = problems.length > 0 ? 1 : 0;
