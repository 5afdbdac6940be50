// Signals, for commands that go on until told: the first one that asks for an end asks for an orderly one, a second
// Ctrl-C or SIGTERM ends at once. In come signals, and that standard output has no reader any more; out goes one
// AbortSignal.
// Tested by test/threads/signals.test.ts.

import { systemClock } from '../base/clock.js';
import { profilerWanted } from '../base/environment.js';
import { exitCode } from '../base/errors.js';
import { endProcess } from '../runtime/end-process.js';

/**
 * Every signal that ends a process unless it is listened for, of those that come from outside. SIGHUP: the terminal or
 * ssh session was closed. SIGQUIT: Ctrl-\. SIGXCPU: the limit of processor time (ulimit -t). SIGPWR: the power fails.
 * Not among them: SIGUSR1 and SIGXFSZ do nothing (main.ts). SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and SIGSYS say
 * that an instruction or a call went wrong; a listener would go on behind it, with a wrong result. Node has no names
 * for real-time signals.
 */
const endings: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2',
  'SIGABRT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGPROF',
  'SIGXCPU',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
];
/** V8's profiler sends SIGPROF to its own process some thousand times a second. */
const ending = endings.filter((name) => name !== 'SIGPROF' || !profilerWanted());

/**
 * A second one of these is a person who wants the end at once. A closed session sends SIGHUP twice by itself, once by
 * the kernel, once by the shell.
 */
const hurrying: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM']);

/**
 * What arrives sooner after the first is the same wish, told twice: by the terminal, and by npm or a shell that passes
 * it on; ms.
 */
const sameWishMs = 250;

/** An orderly end was asked for. */
export interface Interrupt {
  /** Aborted at the first signal; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Resolves with the signal's name at the first signal. */
  readonly asked: Promise<string>;
  /** Leave signals alone again. */
  release(): void;
}

export interface InterruptOptions {
  /** Go on when standard output has no reader any more. */
  readonly outliveOutput?: boolean;
  readonly now?: () => number;
}

const listening = new Set<(reason: string) => void>();
let outliving = 0;

/** A command is there that goes on when standard output has no reader. */
export function outlivesOutput(): boolean {
  return outliving > 0;
}

/** Standard output has no reader any more. @returns false when no command is there that could end in order */
export function outputClosed(): boolean {
  for (const end of listening) end('standard output was closed');
  return listening.size > 0 || outliving > 0;
}

/** Listen for signals from here on. */
export function onInterrupt({
  outliveOutput = false,
  now = () => systemClock.now(),
}: InterruptOptions = {}): Interrupt {
  const controller = new AbortController();
  let resolveAsked: (name: string) => void;
  let firstAt = 0;
  const asked = new Promise<string>((resolve) => {
    resolveAsked = resolve;
  });
  const end = (reason: string): void => {
    firstAt = now();
    controller.abort(reason);
    resolveAsked(reason);
  };
  const listener = (name: NodeJS.Signals): void => {
    if (!controller.signal.aborted) end(name);
    else if (hurrying.has(name) && now() - firstAt >= sameWishMs) endProcess(exitCode.interrupted);
  };
  const closed = (reason: string): void => {
    if (!controller.signal.aborted) end(reason);
  };
  for (const name of ending) process.on(name, listener);
  if (outliveOutput) outliving++;
  else listening.add(closed);
  return {
    signal: controller.signal,
    asked,
    release: () => {
      // What was told once may be told again until the process has gone, and would end it with another exit code.
      for (const name of ending) if (!controller.signal.aborted || hurrying.has(name)) process.off(name, listener);
      if (outliveOutput) outliving--;
      else listening.delete(closed);
    },
  };
}
