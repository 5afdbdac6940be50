// An agent: one long-lived piece of work that takes turns. It does not know which thread it is on; what drives it is
// here. No words of the domain.

/** Something that takes turns. Errors end the process: an agent that cannot go on must not leave others waiting. */
export interface Agent {
  readonly name: string;
  /** Before the first turn. */
  start(): Promise<void>;
  /** Do what is to be done now; returns how much that was, 0 = nothing. */
  turn(): number;
  /** After the last turn. */
  close(): Promise<void>;
}

/** How an agent that an event loop drives is asked to look again. */
export interface Wake {
  /** A turn soon. */
  wake(): void;
  /** A turn now, inside whatever event is being handled. */
  turnNow(): void;
}

/** How long an idle agent sleeps at most, in ms, before it looks again by itself. */
const idleLimitMs = 4;

/**
 * Drives an agent on this thread's event loop: turns follow each other while there is work, then rest in growing pauses
 * until `wake` is called or the pause is over.
 */
export class EventLoopDriver implements Wake {
  readonly #agent: Agent;
  readonly #failed: (error: unknown) => void;
  #running = false;
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs = 1;

  /** @param failed called once when a turn throws; no further turn follows */
  constructor(agent: Agent, failed: (error: unknown) => void) {
    this.#agent = agent;
    this.#failed = failed;
  }

  async start(): Promise<void> {
    await this.#agent.start();
    this.#running = true;
    this.wake();
  }

  wake(): void {
    if (!this.#running || this.#immediate !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#immediate = setImmediate(() => this.#turn());
  }

  turnNow(): void {
    if (!this.#running) return;
    try {
      this.#agent.turn();
    } catch (error) {
      this.#running = false;
      this.#failed(error);
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#agent.close();
  }

  #turn(): void {
    this.#immediate = null;
    // A turn inside an event may have been the last.
    if (!this.#running) return;
    let work = 0;
    try {
      work = this.#agent.turn();
    } catch (error) {
      this.#running = false;
      this.#failed(error);
      return;
    }
    if (work > 0) {
      this.#pauseMs = 1;
      this.wake();
      return;
    }
    if (this.#immediate !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#turn();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(idleLimitMs, this.#pauseMs + 1);
  }
}

/** What a blocking driver needs to know. */
export interface BlockingOptions {
  /** Has the thread been asked to end? Looked at before each turn. */
  stopAsked(): boolean;
  /** Called before a turn; what it returns is handed to `rest` when the turn did nothing. */
  mark(): number;
  /** Wait for something to happen since `mark`, for a bounded time. */
  rest(mark: number): void;
}

/**
 * Drives an agent whose waits block the thread: no event loop turns until it ends. Resolves when the thread was asked
 * to end.
 * @throws whatever a turn throws
 */
export function driveBlocking(agent: Agent, options: BlockingOptions): void {
  while (!options.stopAsked()) {
    const mark = options.mark();
    if (agent.turn() === 0) options.rest(mark);
  }
}
