// The list of components (CycloneDX 1.5) of what runs: package, versions, licences, checksums, from package-lock.json
// alone, without a network. Part of the build; kept in the package and the image as dist/sbom.cdx.json. The same lock
// file makes the same list.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const words = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'];
const npm = process.env['npm_execpath'];
const text =
  npm === undefined
    ? execFileSync('npm', words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
    : execFileSync(process.execPath, [npm, ...words], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
const bom = JSON.parse(text);

// What runs: all that the lock file does not keep for development. (npm's own --omit dev also leaves out what both
// need, ajv and yaml.)
const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));
const running = new Set(
  Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(
      ([path, { name: alias, version: its }]) =>
        `${alias ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${its}`,
    ),
);
bom.components = bom.components.filter((component) => running.has(`${component.name}@${component.version}`));
const kept = new Set([bom.metadata.component, ...bom.components].map((component) => component['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));

// By chance or by this machine: a serial number, the time, the folder's name, the registry that packages were fetched
// from.
delete bom.serialNumber;
delete bom.metadata.timestamp;
bom.metadata.component = { ...bom.metadata.component, name, version, type: 'application' };
for (const component of [bom.metadata.component, ...bom.components]) {
  if (component.externalReferences === undefined) continue;
  component.externalReferences = component.externalReferences.filter(
    ({ type, url }) => type !== 'distribution' || url.startsWith('https://registry.npmjs.org/'),
  );
}
mkdirSync(new URL('dist/', root), { recursive: true });
writeFileSync(new URL('dist/sbom.cdx.json', root), `${JSON.stringify(bom, null, 1)}\n`);
