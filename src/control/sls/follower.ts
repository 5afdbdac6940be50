// The data plane follows PSI's client, where the configuration leaves the detector to it. Comes in: the settings of the
// modules, looked at after each call. Goes out: the configuration that they come to, for which a data plane is built
// once all modules have been set up, and another when they change; what is waited for; what is wrong. Nothing that a
// client says ends the service: what cannot be built is a problem that it hears at the start.

import { OperatorError, messageOf } from '../../base/errors.js';
import { completeConfig } from '../../config/from-client.js';
import type { ClientOptions } from '../../config/from-client.js';
import type { ServiceConfig, StatedOptions } from '../../config/service-config.js';
import { makePlan } from '../../config/plan.js';
import { problemTexts } from '../../contract/refusals.js';
import type { Logger } from '../../runtime/log.js';
import { Refused } from '../refused.js';
import { statedContradictions } from './agreement.js';
import { clientOptions } from './client-options.js';
import type { ModuleSettings } from './module-settings.js';

/** A client says one thing after the other: so long after the last the data plane is built, ms. */
const quietMs = 200;

export interface FollowerDeps {
  /** As the file states it. */
  readonly config: ServiceConfig & { readonly stated: StatedOptions };
  readonly logger: Logger;
  /** Of each module, in their order; null = not set up. */
  readonly modules: () => readonly (ModuleSettings | null)[];
  /**
   * A data plane of this configuration, and no other.
   * @throws Refused, and the one that runs stays: while a series goes on, or (invalid) for what is known to stand
   * against the other; OperatorError for what the environment refuses: then none runs
   */
  readonly build: (config: ServiceConfig) => Promise<void>;
  after(milliseconds: number, run: () => void): () => void;
}

interface Built {
  readonly key: string;
  readonly config: ServiceConfig;
}

export class Follower {
  readonly #deps: FollowerDeps;
  #built: Built | null = null;
  #building: Promise<void> | null = null;
  /** What the last try ended with. */
  #failed: { readonly key: string; readonly problem: string } | null = null;
  /** What is built when nothing else is said. */
  #pending: { readonly key: string; readonly cancel: () => void } | null = null;
  #closed = false;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  /** The configuration of the data plane that was built last; null = none. */
  get config(): ServiceConfig | null {
    return this.#built?.config ?? null;
  }

  /** Something may have changed: look, and build when nothing more comes. */
  look(): void {
    const wanted = this.#wanted();
    const key = wanted === null || 'problems' in wanted || this.#fits(wanted) ? null : wanted.key;
    if (this.#closed || (key !== null && key === this.#pending?.key)) return;
    this.#pending?.cancel();
    // What is wrong stands among the problems, and is tried again at the start.
    const build = (): void => void this.settle().catch(() => undefined);
    this.#pending = key === null ? null : { key, cancel: this.#deps.after(quietMs, build) };
  }

  /**
   * Resolves when the data plane is what the client has set.
   * @throws Refused with what stands against it
   */
  async settle(): Promise<void> {
    this.#pending?.cancel();
    this.#pending = null;
    for (;;) {
      if (this.#building !== null) await this.#building.catch(() => undefined);
      const wanted = this.#wanted();
      if (this.#closed) throw new Refused('stopping', [problemTexts.stopping]);
      if (wanted === null) throw new Refused('starting', [this.waiting()]);
      if ('problems' in wanted) throw new Refused('invalid', wanted.problems);
      if (this.#fits(wanted)) return;
      this.#building ??= this.#build(wanted).finally(() => (this.#building = null));
      await this.#building;
    }
  }

  async #build(wanted: Built): Promise<void> {
    const { logger, build } = this.#deps;
    try {
      await build(wanted.config);
      this.#built = wanted;
      this.#failed = null;
    } catch (error) {
      const stays = error instanceof Refused;
      if (stays && error.why !== 'invalid') throw error;
      if (!stays) this.#built = null;
      const problem = `what PSI's client has set cannot be received: ${messageOf(error)}`;
      this.#failed = { key: wanted.key, problem };
      logger.error({ event: 'data_plane' }, problem);
      throw new Refused('failed', [problem]);
    }
  }

  /** Rows, and a bit depth for which there is room, belong to each series. */
  #fits({ key, config }: Built): boolean {
    const built = this.#built;
    return built?.key === key && config.detector.dynamicRange <= built.config.dynamicRangeMax;
  }

  /** What is to be built; null = not all modules have been set up. */
  #wanted(): Built | { readonly problems: readonly string[] } | null {
    const { config, modules } = this.#deps;
    const { stated } = config;
    const known = modules();
    const [first, ...others] = known.filter((settings) => settings !== null);
    if (first === undefined || others.length + 1 < known.length) return null;
    const { options, problems } = clientOptions([first, ...others], stated.given.has('udp_host'), config.detector);
    const against = [...statedContradictions(stated, options), ...problems];
    if (against.length > 0) return { problems: against };
    try {
      const complete = completeConfig(config.name, stated, options);
      makePlan(complete);
      return { key: keyOf(options), config: complete };
    } catch (error) {
      if (error instanceof OperatorError) return { problems: error.message.split('\n') };
      throw error;
    }
  }

  /** What is waited for while there is no data plane, in a sentence. */
  waiting(): string {
    const lacking = this.#deps.modules().flatMap((settings, module) => (settings === null ? [module] : []));
    if (lacking.length > 0)
      return (
        `waiting for the client to set up module${lacking.length > 1 ? 's' : ''} ${lacking.join(', ')} ` +
        "(rx_hostname of PSI's client; docs/from-psi-client.md)"
      );
    return this.problems().length > 0
      ? "waiting for settings of PSI's client that can be received: the problems say what is wrong"
      : "the data plane that PSI's client asks for is being built";
  }

  /** What stands against the settings, or against what was tried with them. */
  problems(): string[] {
    const wanted = this.#wanted();
    if (wanted === null) return [];
    if ('problems' in wanted) return [...wanted.problems];
    return this.#failed?.key === wanted.key && !this.#fits(wanted) ? [this.#failed.problem] : [];
  }

  /** Nothing is built any more. Resolves when what was being built is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pending?.cancel();
    await this.#building?.catch(() => undefined);
  }
}

function keyOf({ dynamic_range: _, ...plan }: ClientOptions): string {
  return JSON.stringify(plan);
}
