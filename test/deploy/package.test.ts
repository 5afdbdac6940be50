// The package as npm makes and installs it: it brings its lock, and the oldest Node of each supported version installs
// it without a warning.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { repository } from '../commands/repository.js';
import { run, temporary } from './programs-here.js';

interface Package {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly engines?: unknown }>>;
}

type Version = readonly [major: number, minor: number, patch: number];

const text = (path: string): string => readFileSync(join(repository, path), 'utf8');
const own = JSON.parse(text('package.json')) as Package;
const lock = JSON.parse(text('package-lock.json')) as Lock;

/** One comparator of npm's ranges, as far as packages here write them; what is not among it is an error. */
function agrees(comparator: string, version: Version): boolean {
  if (comparator === '' || comparator === '*') return true;
  const [, sign = '', ...parts] = /^(\^|>=|)(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?$/.exec(comparator) ?? [];
  if (parts.length === 0) throw new Error(`${comparator}: unknown here`);
  const given = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const differing = given.findIndex((part, index) => part !== version[index]);
  const newer = differing < 0 || version[differing] > given[differing];
  if (sign === '>=') return newer;
  return sign === '^' ? newer && differing !== 0 : differing < 0;
}

/** Alternatives of comparators that must all agree: `^20.19.0 || >=24`. */
const allows = (range: string, version: Version): boolean =>
  range.split('||').some((all) =>
    all
      .trim()
      .replace(/([<>=^~])\s+/g, '$1')
      .split(/\s+/)
      .every((comparator) => agrees(comparator, version)),
  );

/** Packages of the lock, ours aside, that ask for another Node; npm takes no notice of engines that are a list. */
const warnedOf = (version: Version): string[] =>
  Object.entries(lock.packages).flatMap(([name, { engines }]) => {
    const range = Array.isArray(engines) ? undefined : (engines as { readonly node?: string } | undefined)?.node;
    return name === '' || range === undefined || allows(range, version) ? [] : [`${name}: ${range}`];
  });

/** The oldest of each version that `engines` names. */
const oldest = own.engines.node.split('||').map((one) => {
  const [major = 0, minor = 0, patch = 0] = one
    .replace(/[^\d.]/g, '')
    .split('.')
    .map(Number);
  return [major, minor, patch] as const;
});

t.test('ranges are read as npm reads them', async (t) => {
  for (const [range, version, wanted] of [
    ['>=20', [20, 0, 0], true],
    ['>=20.x', [19, 9, 9], false],
    ['>= 14.16.0', [14, 15, 9], false],
    ['^20.19.0 || ^22.13.0 || >=24', [20, 18, 9], false],
    ['^20.19.0 || ^22.13.0 || >=24', [22, 12, 9], false],
    ['^20.19.0 || ^22.13.0 || >=24', [23, 0, 0], false],
    ['^20.19.0 || ^22.13.0 || >=24', [22, 13, 0], true],
    ['^20.12||^22||>=24', [20, 13, 0], true],
    ['18 || 20 || >=22', [20, 7, 1], true],
    ['18 || 20 || >=22', [21, 0, 0], false],
    ['6.* || >= 10.*', [6, 4, 0], true],
    ['>=16 || 14 >=14.17', [14, 16, 0], false],
    ['*', [1, 0, 0], true],
  ] as const)
    t.equal(allows(range, version), wanted, `${range}: ${version.join('.')}`);
  t.throws(() => allows('<21', [20, 0, 0]), /unknown here/);
});

t.test('the oldest Node of each supported version has no warning of npm ci, and the one before it has', async (t) => {
  t.strictSame(
    oldest.map(([major]) => major),
    [20, 22, 24],
  );
  for (const [major, minor, patch] of oldest) {
    t.strictSame(warnedOf([major, minor, patch]), [], `${major}.${minor}.${patch}`);
    if (minor > 0) t.not(warnedOf([major, minor - 1, 99]).length, 0, `${major}.${minor - 1} could be supported, too`);
  }
  t.strictSame(lock.packages[''].engines, own.engines, 'the lock says the same');
});

t.test('.ci/run begins nothing with a Node that package.json does not support', async (t) => {
  const folder = temporary(t);
  const wanting = { name: 'own', version: '1.0.0', engines: { node: '<20 || >=99' } };
  for (const [file, content] of [
    ['package.json', wanting],
    ['package-lock.json', { ...wanting, lockfileVersion: 3, packages: { '': wanting } }],
  ] as const)
    writeFileSync(join(folder, file), JSON.stringify(content));
  mkdirSync(join(folder, '.ci'));
  copyFileSync(join(repository, '.ci/run'), join(folder, '.ci/run'));
  const { code, output } = await run(join(folder, '.ci/run'), []);
  t.equal(code, 1);
  t.match(output, /Required: .*>=99/);
  t.match(output, /^0 passed, 1 failed$/m);
  t.notMatch(output, /^== /m, 'no step');
});

t.test('the README names the oldest Node of each supported version', async (t) => {
  for (const [major, minor] of oldest) t.match(text('README.md'), `${major}${minor > 0 ? `.${minor}` : ''}`);
});

/** Files of a tar archive: blocks of 512 bytes, a head with name (0) and octal length (124), then the bytes. */
function filesOf(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = 0; at < archive.length && archive[at] !== 0;) {
    const name = archive.toString('utf8', at, archive.indexOf(0, at));
    const bytes = parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    files.set(name, archive.toString('utf8', at + 512, at + 512 + bytes));
    at += 512 + 512 * Math.ceil(bytes / 512);
  }
  return files;
}

t.test('the package brings its lock, so that npm ci in it installs what was tested; none is left beside', async (t) => {
  const folder = temporary(t);
  copyFileSync(join(repository, 'package-lock.json'), join(folder, 'package-lock.json'));
  // Everything but the build.
  const { prepare, ...scripts } = own.scripts;
  t.ok(prepare);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...own, scripts }));
  const { code, output } = await run('npm', ['pack'], { cwd: folder });
  t.equal(code, 0, output);
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  const files = filesOf(gunzipSync(readFileSync(join(folder, archive))));
  t.strictSame(JSON.parse(files.get('package/npm-shrinkwrap.json') ?? 'null'), lock);
  t.notOk(files.has('package/package-lock.json'), 'which npm would not look at');
  t.notOk(existsSync(join(folder, 'npm-shrinkwrap.json')));
});
