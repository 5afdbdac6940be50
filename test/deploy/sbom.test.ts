// The list of components that the build makes: all that runs, nothing else, the same each time, and nothing of the
// machine.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { repository } from '../commands/repository.js';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly unknown[];
}

interface Bom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: Component; readonly timestamp?: string };
  readonly components: readonly Component[];
}

const text = (path: string): string => readFileSync(join(repository, path), 'utf8');

t.test('the build keeps a CycloneDX list of what runs with the package, the same each time', (t) => {
  execFileSync(process.execPath, [join(repository, 'scripts', 'write-sbom.mjs')]);
  const first = text('dist/sbom.cdx.json');
  execFileSync(process.execPath, [join(repository, 'scripts', 'write-sbom.mjs')]);
  t.equal(text('dist/sbom.cdx.json'), first);
  const bom = JSON.parse(first) as Bom;
  const own = JSON.parse(text('package.json')) as {
    name: string;
    version: string;
    dependencies: Record<string, string>;
    files: string[];
  };
  const lock = JSON.parse(text('package-lock.json')) as {
    packages: Record<string, { version?: string; dev?: boolean; optional?: boolean; peer?: boolean }>;
  };
  t.equal(bom.bomFormat, 'CycloneDX');
  t.match(bom.metadata.component, { name: own.name, version: own.version });
  const listed = new Set(bom.components.map(({ name, version }) => `${name}@${version}`));
  for (const [path, { version, dev, optional, peer }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true || optional === true || peer === true) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    t.ok(listed.has(`${name}@${version}`), `${name}@${version} is listed`);
  }
  for (const name of Object.keys(own.dependencies))
    t.ok(
      bom.components.some((component) => component.name === name),
      name,
    );
  for (const name of ['tap', 'typescript', 'eslint'])
    t.notOk(
      bom.components.some((component) => component.name === name),
      `${name} does not run`,
    );
  t.ok(
    bom.components.every(({ purl, hashes }) => purl?.startsWith('pkg:npm/') === true && (hashes?.length ?? 0) > 0),
    'each with its address and checksum',
  );
  t.notMatch(first, new RegExp(repository.replace(/[^/\\w]/g, '.')), 'no path of this machine');
  t.ok(
    [...first.matchAll(/"url": "https?:\/\/([^/"]+)[^"]*\.tgz"/g)].every(([, host]) => host === 'registry.npmjs.org'),
    'no registry of this machine',
  );
  t.ok(own.files.includes('dist/sbom.cdx.json'));
  t.end();
});
