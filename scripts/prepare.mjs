// What npm runs after an installation from sources: the build. For `npx vdcu` in this folder npm installs the folder
// into its cache when that does not know it yet; built a second time there, it would say nothing for as long as that
// takes. Usage: node scripts/prepare.mjs

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
if (process.env['npm_command'] !== 'exec' || !existsSync(resolve(root, 'dist/src/main.js'))) {
  const { status } = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
