// The command line `vdcu`. It knows the names of the commands and what becomes of errors; each command
// is a file beside this one, and what a command needs is loaded only when it runs.
// Tested by test/commands/command-line.test.ts.

import { Command, CommanderError } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import { addAnnotate } from './annotate.js';
import { addArm } from './arm.js';
import { addCompletion } from './completion.js';
import { addDemo } from './demo.js';
import { addDoctor } from './doctor.js';
import { addExplain } from './explain.js';
import { addHelp } from './help.js';
import { outlivesOutput } from './interrupt.js';
import { addOverview } from './overview.js';
import { addConvert } from './convert.js';
import { addRecord } from './record.js';
import { addReference } from './reference.js';
import { addRehearse } from './rehearse.js';
import { addRun } from './run.js';
import { addSimulate } from './simulate.js';
import { addStatus } from './status.js';
import { addStop } from './stop.js';
import { catchErrors } from './uncaught.js';
import { addWatch } from './watch.js';
import { version } from '../base/version.js';
import { endProcess } from '../runtime/end-process.js';

/** Whatever still holds the process after its command has ended holds it no longer than this. */
const lingerMs = 2000;

const program = new Command('vdcu')
  .description(
    "Virtual detector control unit: UDP packets of PSI SLS detectors in, complete frames on MAX IV's zmq stream out.",
  )
  .version(version(), '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print this help, or that of a command')
  .exitOverride()
  .showHelpAfterError('(--help tells more)')
  .configureOutput({
    outputError: (text, write) => {
      write(text.replace(/^error: /, 'vdcu: '));
    },
  })
  .addHelpText(
    'after',
    `
To begin with:
  vdcu demo                                           everything at once, on this machine
  vdcu run examples/detectors.yaml softimax-eiger     the service
  vdcu simulate examples/detectors.yaml softimax-eiger
  vdcu watch tcp://127.0.0.1:9999 --verify examples/detectors.yaml softimax-eiger

Exit codes of every command:
  ${exitCode.ok}  done
  ${exitCode.failed}  done, and something was wrong with the data
  ${exitCode.usage}  the command line or the configuration is wrong
  ${exitCode.environment}  the environment is wrong: port taken, no such address, refused, no answer
  ${exitCode.internal}  a defect of this program, or a thread that died
  ${exitCode.undelivered}  stopped as asked, and the consumer lacks messages (run, stop)
  ${exitCode.incomplete}  done, and frames were not complete (watch, record)
  ${exitCode.interrupted}  interrupted before the work was done; or twice, and ended at once`,
  );

for (const add of [
  addRun,
  addSimulate,
  addWatch,
  addRecord,
  addAnnotate,
  addConvert,
  addArm,
  addStop,
  addStatus,
  addOverview,
  addDoctor,
  addExplain,
  addDemo,
  addRehearse,
  addReference,
  addCompletion,
  addHelp,
])
  add(program);

catchErrors(report);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// A result that is still being read is read to its end; a service prints none.
if (process.stdout.writableLength > 0 && !outlivesOutput()) process.stdout.write('', endSoon);
else endSoon();

function endSoon(): void {
  setTimeout(endProcess, lingerMs).unref();
}

/** Say what went wrong. @returns exit code */
function report(error: unknown): number {
  // Help and version end here too; commander has printed what there is to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  if (error instanceof OperatorError) {
    process.stderr.write(
      error.message
        .split('\n')
        .map((line) => `vdcu: ${line}\n`)
        .join(''),
    );
    return error.exitCode;
  }
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE') {
    process.stderr.write(
      `vdcu: no file descriptor is left: ${message.split('\n', 1)[0]}. Raise the limit: ulimit -n 4096, LimitNOFILE ` +
        `of the service manager${code === 'ENFILE' ? ', fs.file-max of the system' : ''}\n`,
    );
    return exitCode.environment;
  }
  process.stderr.write(
    `vdcu: unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return exitCode.internal;
}
