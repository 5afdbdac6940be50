// Builds the page (src/page/): compiles its modules for the browser and lays HTML, style and icon beside them, where the service
// finds them. Usage: node scripts/build-page.mjs [output folder of tsc, default: dist]

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const baseDir = resolve(import.meta.dirname, '..');
const output = resolve(process.argv[2] ?? resolve(baseDir, 'dist'));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const { status } = spawnSync(process.execPath, [tsc, '-p', resolve(baseDir, 'src/page'), '--outDir', output, '--tsBuildInfoFile', resolve(output, '.tsbuildinfo-page')], { stdio: 'inherit' });
process.exitCode = status ?? 1;

const target = resolve(output, 'src/page');
mkdirSync(target, { recursive: true });
for (const name of ['index.html', 'page.css', 'icon.svg']) cpSync(resolve(baseDir, 'src/page', name), resolve(target, name));
