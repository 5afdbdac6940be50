// Ctrl-C for commands that go on until told: the first SIGINT or SIGTERM asks for an orderly end, the second ends at once.

/** Exit code of a process that was interrupted twice, as shells have it for SIGINT. */
const interruptedTwice = 130;

/** An orderly end was asked for. */
export interface Interrupt {
  /** Aborted at the first signal; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Resolves with the signal's name at the first signal. */
  readonly asked: Promise<string>;
  /** Leave signals alone again. */
  release(): void;
}

/** Listen for SIGINT and SIGTERM from here on. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  let resolveAsked: (name: string) => void;
  const asked = new Promise<string>((resolve) => {
    resolveAsked = resolve;
  });
  const listener = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(interruptedTwice);
    controller.abort(name);
    resolveAsked(name);
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    asked,
    release: () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    },
  };
}
