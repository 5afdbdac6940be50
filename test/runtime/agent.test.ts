import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { EventLoopDriver, driveBlocking } from '../../src/runtime/agent.js';
import type { Agent } from '../../src/runtime/agent.js';
import { until } from '../threads/waiting.js';

class CountingAgent implements Agent {
  readonly name = 'counting';
  readonly calls: string[] = [];
  turns = 0;
  /** How much the next turns find to do. */
  work = 0;
  error: Error | null = null;

  async start(): Promise<void> {
    this.calls.push('start');
  }

  turn(): number {
    this.turns++;
    if (this.error !== null) throw this.error;
    return this.work > 0 ? this.work-- : 0;
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }
}

t.test('an agent is started, takes turns by itself, and is closed', async (t) => {
  const agent = new CountingAgent();
  const driver = new EventLoopDriver(agent, (error) => t.fail(String(error)));
  driver.wake();
  driver.turnNow();
  await nextTurn();
  t.equal(agent.turns, 0, 'no turn before the start');
  await driver.start();
  await until(() => agent.turns >= 5, 'turns without a call');
  await driver.stop();
  const { turns } = agent;
  driver.wake();
  driver.turnNow();
  await nextTurn();
  t.equal(agent.turns, turns, 'no turn after the end');
  t.strictSame(agent.calls, ['start', 'close']);
});

t.test('while there is work turns follow each other without a pause', async (t) => {
  const agent = new CountingAgent();
  const driver = new EventLoopDriver(agent, (error) => t.fail(String(error)));
  agent.work = 50;
  await driver.start();
  for (let turn = 0; turn < 60; turn++) await nextTurn();
  t.equal(agent.work, 0);
  await driver.stop();
});

t.test('wake gives a turn soon, turnNow one at once', async (t) => {
  const agent = new CountingAgent();
  const driver = new EventLoopDriver(agent, (error) => t.fail(String(error)));
  await driver.start();
  await until(() => agent.turns > 3, 'an idle agent');
  const before = agent.turns;
  driver.turnNow();
  t.equal(agent.turns, before + 1);
  driver.wake();
  driver.wake();
  await nextTurn();
  await nextTurn();
  t.ok(agent.turns >= before + 2);
  await driver.stop();
});

t.test('a turn that throws is told once, and is the last', async (t) => {
  for (const now of [false, true]) {
    const agent = new CountingAgent();
    const errors: unknown[] = [];
    const driver = new EventLoopDriver(agent, (error) => void errors.push(error));
    await driver.start();
    agent.error = new Error('broken');
    if (now) driver.turnNow();
    await until(() => errors.length > 0, 'the error');
    const { turns } = agent;
    driver.wake();
    driver.turnNow();
    await nextTurn();
    t.strictSame(errors, [agent.error]);
    t.equal(agent.turns, turns);
    await driver.stop();
  }
});

t.test('an agent that cannot start takes no turn', async (t) => {
  const agent = new CountingAgent();
  agent.start = () => Promise.reject(new Error('taken'));
  const driver = new EventLoopDriver(agent, () => t.fail('no turn was taken'));
  await t.rejects(driver.start(), new Error('taken'));
  await nextTurn();
  t.equal(agent.turns, 0);
});

t.test('a blocking driver rests only after a turn that found nothing, with the mark from before it', (t) => {
  const agent = new CountingAgent();
  agent.work = 2;
  const rests: number[] = [];
  driveBlocking(agent, {
    stopAsked: () => agent.turns >= 5,
    mark: () => agent.turns,
    rest: (mark) => void rests.push(mark),
  });
  t.equal(agent.turns, 5);
  t.strictSame(rests, [2, 3, 4]);
  t.end();
});

t.test('a blocking driver asked to stop takes no turn; what a turn throws is thrown', (t) => {
  const agent = new CountingAgent();
  driveBlocking(agent, { stopAsked: () => true, mark: () => 0, rest: () => undefined });
  t.equal(agent.turns, 0);
  agent.error = new Error('broken');
  t.throws(() => driveBlocking(agent, { stopAsked: () => false, mark: () => 0, rest: () => undefined }), agent.error);
  t.end();
});
