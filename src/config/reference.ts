// The reference of all options as Markdown, made from the schema: docs/reference/configuration.md. A test compares the
// two.

import { notesOf, options, type OptionKey } from './schema.js';

const introduction = `# Configuration

Generated from \`src/config/schema.ts\` by \`vdcu reference > docs/reference/configuration.md\`.

One YAML file holds any number of named detectors: \`vdcu run FILE NAME\` reads the entry NAME and leaves the others
alone. Keys that are not listed here are errors. An example: \`examples/detectors.yaml\`. The environment has
\`LOG_LEVEL\` (trace, debug, info, warn, error; default info) and, where \`api_token_file\` names none,
\`VDCU_API_TOKEN_FILE\`, a file with the token, or \`VDCU_API_TOKEN\`, the token itself.
`;

/** Text of docs/reference/configuration.md. */
export function configurationReference(): string {
  const keys = Object.keys(options) as OptionKey[];
  const rows = keys.map((key) => {
    const { unit, range, description } = notesOf(key);
    return `| \`${key}\` | ${description} | ${range} | ${unit ?? ''} | ${fallback(key)} |`;
  });
  return [introduction, '| key | what it does | allowed | unit | default |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

function fallback(key: OptionKey): string {
  const { unset } = notesOf(key);
  if (unset !== undefined) return unset;
  const empty = options[key].safeParse(undefined);
  return empty.success ? `\`${JSON.stringify(empty.data)}\`` : '**required**';
}
