// `vdcu completion`: what a shell needs to complete the command line of vdcu. Without words it prints the script of a
// shell. That script asks again with the words typed so far; then the possible last words are printed, one a line, or
// nothing where a file is meant. All of it comes from the table of commands itself.

import { Argument } from 'commander';
import type { Command, Option } from 'commander';
import { exitCode } from '../base/errors.js';
import { helpEnd, PairOption, sharedCodes } from './arguments.js';

/** What a word may become. */
export interface Candidate {
  readonly value: string;
  /** One line of help, may be empty. */
  readonly says: string;
}

interface Shell {
  /** Asks for candidates and offers them; where there are none, files. */
  readonly script: string;
  readonly line: (candidate: Candidate) => string;
}

const shells: Readonly<Record<string, Shell>> = {
  bash: {
    // Words by blanks alone: bash would break them at colons and equals signs.
    script: `# source <(vdcu completion bash)
_vdcu() {
  local typed
  read -ra typed <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:COMP_POINT-1:1} == ' ' ]] && typed+=('')
  mapfile -t COMPREPLY < <("$1" completion bash -- "\${typed[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _vdcu vdcu
`,
    line: ({ value }) => value,
  },
  zsh: {
    script: `#compdef vdcu
# source <(vdcu completion zsh), after compinit; or as a file _vdcu in a folder of fpath
_vdcu() {
  local -a found
  found=("\${(@f)$("\${words[1]}" completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then _describe vdcu found; else _files; fi
}
if [[ "\${funcstack[1]}" == _vdcu ]]; then _vdcu "$@"; else compdef _vdcu vdcu; fi
`,
    line: ({ value, says }) => `${value.replaceAll(':', '\\:')}:${says}`,
  },
  fish: {
    script: `# vdcu completion fish > ~/.config/fish/completions/vdcu.fish
function __vdcu_candidates
  set -l typed (commandline -ct)
  set -l found (vdcu completion fish -- (commandline -opc)[2..] "$typed" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$typed"
  end
end
complete -c vdcu -f -a '(__vdcu_candidates)'
`,
    line: ({ value, says }) => `${value}\t${says}`,
  },
};

/** Add the command to the program. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('the completion of a shell: bash, zsh or fish')
    .description(
      'Print a script that has the shell complete commands, options and their values, files, and the detectors of a ' +
        'configuration. With words after -- print what the last of them may become, as that script asks.',
    )
    .addArgument(new Argument('<shell>', 'shell that the script is for').choices(Object.keys(shells)))
    .argument('[words...]', 'after --: the words of a command line so far, without vdcu')
    .addHelpText(
      'after',
      helpEnd(
        [
          'source <(vdcu completion bash)',
          'vdcu completion bash > /etc/bash_completion.d/vdcu',
          'vdcu completion fish > ~/.config/fish/completions/vdcu.fish',
        ],
        [[exitCode.ok, 'printed'], sharedCodes.usage],
      ),
    )
    .action(async (name: string, words: string[]) => {
      const { script, line } = shells[name];
      const found = words.length === 0 ? [] : await candidates(program, words);
      process.stdout.write(words.length === 0 ? script : found.map((candidate) => `${line(candidate)}\n`).join(''));
    });
}

/**
 * What the last word may become, by the commands of the program.
 * @param words of the command line without the program's name; the last one is being typed and may be empty
 * @returns empty where nothing is known, as where a file is meant
 */
export async function candidates(program: Command, words: readonly string[]): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  // What would have to be quoted is not offered.
  return (await allCandidates(program, words.slice(0, -1), typed)).filter(
    ({ value }) => value.startsWith(typed) && /^[\w.:@%+,/#-]+$/.test(value),
  );
}

async function allCandidates(program: Command, before: readonly string[], typed: string): Promise<Candidate[]> {
  const at = before.findIndex((word) => !word.startsWith('-'));
  if (at < 0) return typed.startsWith('-') ? optionsOf(program) : commandsOf(program);
  const command = program.commands.find((one) => one.name() === before[at]);
  if (command === undefined) return [];
  const { option, values, given } = read(command, before.slice(at + 1));
  if (option !== null) {
    if (option.argChoices !== undefined) return plain(option.argChoices);
    // CONFIG NAME.
    return option.name() === 'verify' && values.length === 1 ? detectorsOf(values[0]) : [];
  }
  if (typed.startsWith('-')) return optionsOf(command);
  const argument = command.registeredArguments[given.length];
  if (argument?.argChoices !== undefined) return plain(argument.argChoices);
  if (argument?.name() === 'name') return detectorsOf(given[given.length - 1]);
  return argument?.name() === 'topic' ? [...commandsOf(program), ...(await documents())] : [];
}

/** The option whose value comes next, its values so far, and the arguments before. */
function read(
  command: Command,
  words: readonly string[],
): { option: Option | null; values: readonly string[]; given: readonly string[] } {
  let option: Option | null = null;
  let values: string[] = [];
  const given: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) {
      const found = command.options.find(({ long, short }) => word === long || word === short);
      option = found?.required === true ? found : null;
      values = [];
    } else if (option === null) given.push(word);
    else if (!(option instanceof PairOption) || values.push(word) === 2) option = null;
  }
  return { option, values, given };
}

const plain = (values: readonly string[]): Candidate[] => values.map((value) => ({ value, says: '' }));

const commandsOf = (program: Command): Candidate[] =>
  program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ value: command.name(), says: command.summary() }));

const optionsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', says: description }));

/** Detectors of a configuration; none when it cannot be read. */
async function detectorsOf(file: string | undefined): Promise<Candidate[]> {
  if (file === undefined) return [];
  const { detectorNames } = await import('../config/load.js');
  return plain(detectorNames(file));
}

async function documents(): Promise<Candidate[]> {
  const { readHelpPages } = await import('../base/help-pages.js');
  return readHelpPages()
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, title }) => ({ value: name.replace(/\.md$/, ''), says: title }));
}
