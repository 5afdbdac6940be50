// Calls of the same kind that come from all modules, one after the other or at once, become one. Comes in: a call of a
// module. Goes out: one run for all, when all have called, or some time after the first; its outcome to each.

export interface GatheringDeps {
  /** From the first call. */
  readonly limitMs: number;
  /** How many modules are to call. */
  wanted(): number;
  run(): Promise<void>;
  after(milliseconds: number, run: () => void): () => void;
}

interface Round {
  readonly joined: Set<number>;
  readonly outcome: Promise<void>;
  readonly go: () => void;
  readonly cancel: () => void;
}

export class Gathering {
  readonly #deps: GatheringDeps;
  #round: Round | null = null;

  constructor(deps: GatheringDeps) {
    this.#deps = deps;
  }

  /** Calls are waited for, or the run goes on. */
  get gathering(): boolean {
    return this.#round !== null;
  }

  /** Modules whose calls belong to this round. */
  get joined(): ReadonlySet<number> {
    return this.#round?.joined ?? new Set();
  }

  /** The outcome of the run that this call belongs to. */
  join(module: number): Promise<void> {
    const round = (this.#round ??= this.#begin());
    round.joined.add(module);
    if (round.joined.size >= this.#deps.wanted()) round.go();
    return round.outcome;
  }

  /** Resolves when no round goes on, however it ended. */
  async over(): Promise<void> {
    await this.#round?.outcome.catch(() => undefined);
  }

  /** No run begins any more by itself. */
  close(): void {
    this.#round?.cancel();
  }

  #begin(): Round {
    let go = (): void => undefined;
    const called = new Promise<void>((resolve) => (go = resolve));
    const cancel = this.#deps.after(this.#deps.limitMs, () => go());
    const outcome = called
      .then(() => {
        cancel();
        return this.#deps.run();
      })
      .finally(() => (this.#round = null));
    // The calls that joined report it.
    outcome.catch(() => undefined);
    return { joined: new Set(), outcome, go: () => go(), cancel };
  }
}
