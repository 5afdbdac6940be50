// The doctor in the running service: makes the checks when asked, before a series is opened and for metrics. Main
// thread only, never waits when it is asked for reasons.

import type { Clock } from '../base/clock.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { ffiUnavailable } from '../runtime/ffi.js';
import type { Logger } from '../runtime/log.js';
import type { BufferFacts, ClientFacts, Facts, ServiceFacts } from './facts.js';
import { gatherMachine } from './machine.js';
import type { Machine } from './machine.js';
import { askCards, runProgram } from './network-card.js';
import type { RunProgram } from './network-card.js';
import { receivingLinks } from './receiving.js';
import { examine, reasonsAgainstArming } from './report.js';
import type { DoctorReport } from './report.js';

/** Checks may be so old for metrics and readiness, which are asked all the time, in ms. */
const keptMs = 2000;
/** The same for what the network cards said, which takes two processes for each. */
const cardsKeptMs = 5000;
/** Why a way that only needs the kernel is not used. */
const refusedAtStart = 'the kernel refuses it; the log of the start says which call';

/** What the service says of itself at this moment. */
export interface ServiceSays {
  readonly receiveBuffers: readonly BufferFacts[];
  readonly service: ServiceFacts;
  readonly client: ClientFacts | null;
  /** How packets are received and messages sent: `recvmmsg+zmtp`. */
  readonly backend: string;
}

export interface PreflightDeps {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly machine: Machine;
  says(): ServiceSays;
  readonly run?: RunProgram;
}

export class Preflight {
  readonly #deps: PreflightDeps;
  #cards: Facts['cards'] = 'ethtool has not been asked yet';
  #asking: ReturnType<typeof askCards> | null = null;
  /** When the cards last answered; Infinity while they are being asked. */
  #answeredAt = 0;
  #kept: { readonly at: number; readonly report: DoctorReport } | null = null;

  /** Reassembly that had failed before the service began. */
  readonly #failedBefore: number;

  constructor(deps: PreflightDeps) {
    this.#deps = deps;
    this.#failedBefore = gatherMachine(deps.machine, null).kernel.reassemblyFails ?? 0;
  }

  /** All checks, made now; the network cards asked every five seconds at most, since anybody may ask for this. */
  async report(): Promise<DoctorReport> {
    this.#cards = await this.#askCards();
    return this.#examine();
  }

  /** Checks made now that speak against opening a series. */
  reasons(): string[] {
    return reasonsAgainstArming(this.#examine());
  }

  /** The same of the last two seconds. */
  recentReasons(): string[] {
    return reasonsAgainstArming(this.#recent());
  }

  /** False = the check failed; what could not be checked is left out. */
  recentResults(): { check: string; ok: boolean }[] {
    return this.#recent().checks.map(({ check, status }) => ({ check, ok: status !== 'failed' }));
  }

  /** Into the log, what failed; once, when the service is ready. */
  async tellFailures(logger: Logger): Promise<void> {
    for (const { check, seen, needed, remedy, docs } of (await this.report()).checks.filter(
      ({ status }) => status === 'failed',
    )) {
      logger.warn(
        { event: 'check_failed', check, seen, needed, remedy },
        `${check}: ${seen}; needed: ${needed}. ${remedy} (${docs})`,
      );
    }
  }

  #askCards(): ReturnType<typeof askCards> {
    const { machine, config, clock, run = runProgram } = this.#deps;
    if (this.#asking !== null && clock.now() - this.#answeredAt < cardsKeptMs) return this.#asking;
    this.#answeredAt = Infinity;
    this.#asking = askCards(receivingLinks(gatherMachine(machine, config).addresses), run).finally(() => {
      this.#answeredAt = clock.now();
    });
    return this.#asking;
  }

  #recent(): DoctorReport {
    const { clock } = this.#deps;
    return this.#kept !== null && clock.now() - this.#kept.at < keptMs ? this.#kept.report : this.#examine();
  }

  #examine(): DoctorReport {
    const { config, plan, machine, clock } = this.#deps;
    const { receiveBuffers, service, client, backend } = this.#deps.says();
    const gathered = gatherMachine(machine, config);
    const report = examine({
      setup: { config, plan },
      service,
      client,
      receiveBuffers,
      ...gathered,
      kernel: {
        ...gathered.kernel,
        reassemblyFails:
          gathered.kernel.reassemblyFails === null ? null : gathered.kernel.reassemblyFails - this.#failedBefore,
      },
      memory: { ...gathered.memory, ownBytes: machine.residentBytes() },
      ports: null,
      cards: this.#cards,
      ways: {
        recvmmsg: backend.includes('recvmmsg') ? null : (ffiUnavailable() ?? refusedAtStart),
        // Its threads place by it, or it had not started.
        compiled: null,
        zmtp: backend.includes('zmtp') ? null : (ffiUnavailable() ?? refusedAtStart),
        libzmq: backend.includes('libzmq')
          ? null
          : (ffiUnavailable() ?? 'libzmq could not be loaded, or was not asked for'),
      },
    });
    this.#kept = { at: clock.now(), report };
    return report;
  }
}
