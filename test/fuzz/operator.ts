// The operator's side of the simulation: requests to the real HTTP application (its routes, its checks of the body, its
// error answers), injected without a socket. One application serves all worlds of this process; it is connected to one
// world's service at a time. A request runs until it waits for the streamer or is answered; its answer is awaited when
// the service has given it, so that the order of things depends on nothing but the seed.

import type { FastifyInstance } from 'fastify';
import { makeApp } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import type { Orders } from '../../src/control/orders.js';
import { Refused } from '../../src/control/refused.js';
import type { ServiceView } from '../../src/view/service-view.js';
import type { SharedView } from '../../src/view/shared-view.js';

/** A request and what became of it. */
export interface SentRequest {
  readonly method: 'POST' | 'DELETE' | 'GET';
  readonly url: string;
  readonly payload: unknown;
  /** It has reached the service, and waits for the streamer's answer. */
  reached: boolean;
  /** The service has answered. */
  served: boolean;
  /** Null until the client has the answer. */
  status: number | null;
  body: unknown;
  /** Its process was killed, or ended, before it answered. */
  cut: boolean;
}

const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What the application sees: whichever service is there. */
class Switchboard {
  /** The last one, also after its process has ended: what samples it by itself goes on. */
  view: SharedView | null = null;
  gone = true;
  /** The request that is on its way to the service. */
  asking: SentRequest | null = null;

  /** A view that hands everything on, and notes when commands reach the service and when it has answered. */
  readonly proxy: ServiceView = new Proxy({} as ServiceView, {
    get: (_, key) => {
      if (key === 'orders') return this.#orders;
      const view = this.#present();
      const value: unknown = Reflect.get(view, key);
      return typeof value === 'function' ? (value.bind(view) as unknown) : value;
    },
  });

  readonly #orders: Orders = {
    arm: (wish) => this.#command(() => this.#present().orders.arm(wish)),
    stop: (wish) => this.#command(() => this.#present().orders.stop(wish)),
    halt: () => this.#command(() => this.#present().orders.halt()),
  };

  #present(): SharedView {
    if (this.view === null) throw new Refused('failed', ['no process was there']);
    return this.view;
  }

  #command<T>(order: () => Promise<T>): Promise<T> {
    if (this.gone) throw new Refused('failed', ['no process is there']);
    const request = this.asking;
    if (request !== null) request.reached = true;
    const answer = order();
    const served = (): void => {
      if (request !== null) request.served = true;
    };
    answer.then(served, served);
    return answer;
  }
}

const switchboard = new Switchboard();
let app: FastifyInstance | null = null;

export class Operator {
  readonly requests: SentRequest[] = [];
  /** Requests without an answer. */
  readonly #open = new Set<SentRequest>();

  /** Connect the application to a service; null = nobody answers. Requests that still wait are cut. */
  async connect(view: SharedView | null): Promise<void> {
    for (const request of this.#open) request.cut = true;
    // Nothing that belongs to an earlier process is left in this one.
    if (this.#open.size > 0) switchboard.view?.noteFailure('the process was cut off');
    this.#open.clear();
    switchboard.view = view ?? switchboard.view;
    switchboard.gone = view === null;
    if (app === null && view !== null)
      app = await makeApp(switchboard.proxy, {
        logger: makeLogger('error', 'world', { write: () => undefined }),
        build: { version: '0', backend: 'memory' },
      });
  }

  /** Send a request; returns when it waits for the streamer, or has its answer. */
  async send(method: SentRequest['method'], url: string, payload?: unknown): Promise<SentRequest> {
    const request: SentRequest = {
      method,
      url,
      payload,
      reached: false,
      served: false,
      status: null,
      body: null,
      cut: false,
    };
    this.requests.push(request);
    this.#open.add(request);
    switchboard.asking = request;
    (app as FastifyInstance)
      .inject({ method, url, ...(payload === undefined ? {} : { payload: payload as object }) })
      .then(
        (response) => {
          request.body = String(response.headers['content-type']).startsWith('application/json')
            ? (JSON.parse(response.body) as unknown)
            : null;
          request.status = response.statusCode;
          this.#open.delete(request);
        },
        (error: unknown) => {
          request.body = String(error);
          request.status = 0;
          this.#open.delete(request);
        },
      );
    while (!request.reached && request.status === null) await eventLoopTurn();
    switchboard.asking = null;
    return request;
  }

  /** Requests that have no answer yet, of this process. */
  get waiting(): number {
    return this.#open.size;
  }

  /** Main has heard of something: clients whose request was answered get the answer. */
  async settle(): Promise<void> {
    if (this.#open.size === 0) return;
    do await eventLoopTurn();
    while ([...this.#open].some(({ served }) => served));
  }
}

/** No more worlds: the process may end. */
export async function closeOperator(): Promise<void> {
  await app?.close();
  app = null;
}
