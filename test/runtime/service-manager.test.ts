import t from 'tap';
import { managerVariables } from '../../src/base/environment.js';
import { serviceManager } from '../../src/runtime/service-manager.js';
import type { ManagerOptions } from '../../src/runtime/service-manager.js';

/** A manager whose words are kept, and whose clock ticks when told. */
function listening(environment: Record<string, string>, options: Partial<ManagerOptions> = {}) {
  const told: string[] = [];
  const warnings: string[] = [];
  const state = { told, warnings, everyMs: 0, tick: (): void => undefined, ended: false, alive: true };
  const manager = serviceManager(managerVariables(environment), (sentence) => warnings.push(sentence), {
    pid: 7,
    open: () => (text) => {
      told.push(text);
      return null;
    },
    repeat: (milliseconds, run) => {
      state.everyMs = milliseconds;
      state.tick = run;
      return () => (state.ended = true);
    },
    ...options,
  });
  return {
    state,
    manager,
    liveness: () => ({ alive: state.alive, reasons: state.alive ? [] : ['receiver 0 has not turned for 11 s'] }),
  };
}

const socket = { NOTIFY_SOCKET: '/run/systemd/notify' };

t.test('it says when the service is ready and when it ends', async (t) => {
  const { state, manager, liveness } = listening(socket);
  t.strictSame(state.told, [], 'nothing before');
  manager.ready('frames on tcp://0.0.0.0:9999', liveness);
  manager.stopping('SIGTERM', 35_100);
  t.strictSame(state.told, [
    'READY=1\nSTATUS=frames on tcp://0.0.0.0:9999',
    'STOPPING=1\nEXTEND_TIMEOUT_USEC=35100000\nSTATUS=stopping: SIGTERM',
  ]);
  t.equal(state.everyMs, 0, 'no watchdog was asked for');
});

t.test('twice in each limit it says that it lives, and nothing of that while a thread stands still', async (t) => {
  const { state, manager, liveness } = listening({ ...socket, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' });
  manager.ready('well', liveness);
  t.equal(state.everyMs, 15_000);
  state.tick();
  state.alive = false;
  state.tick();
  state.tick();
  state.alive = true;
  state.tick();
  t.strictSame(state.told.slice(1), [
    'WATCHDOG=1',
    'STATUS=receiver 0 has not turned for 11 s',
    'STATUS=receiver 0 has not turned for 11 s',
    'WATCHDOG=1\nSTATUS=well',
  ]);
  manager.close();
  t.ok(state.ended);
});

t.test('a watchdog of another process is none', async (t) => {
  const { state, manager, liveness } = listening({ ...socket, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' });
  manager.ready('well', liveness);
  t.equal(state.everyMs, 0);
});

t.test('without systemd nothing is opened, and numbers that are none count as not set', async (t) => {
  const { manager, liveness, state } = listening(
    {},
    {
      open: () => {
        throw new Error('opened');
      },
    },
  );
  manager.ready('well', liveness);
  manager.stopping('SIGTERM', 35_100);
  manager.close();
  t.strictSame(state.told, []);
  for (const wrong of ['', '0', '-1', '1.5', 'soon', '1e9', '9'.repeat(16)])
    t.equal(managerVariables({ ...socket, WATCHDOG_USEC: wrong }).watchdogUs, null, wrong);
});

t.test('a socket that cannot be had or takes nothing is told once, with what to set in the unit', async (t) => {
  const absent = listening(socket, { open: () => 'C functions are called on Linux only, this is win32' });
  absent.manager.ready('well', absent.liveness);
  t.match(absent.state.warnings, [
    /^systemd cannot be told .*: C functions are called on Linux only.*Type=exec and WatchdogSec=0/,
  ]);
  const gone = listening(socket, { open: () => () => 'ECONNREFUSED' });
  gone.manager.ready('well', gone.liveness);
  gone.manager.stopping('SIGTERM', 35_100);
  t.match(gone.state.warnings, [/\/run\/systemd\/notify: ECONNREFUSED/]);
  t.equal(gone.state.warnings.length, 1);
});

t.test('a line break in a reason begins no other message', async (t) => {
  const { state, manager } = listening(socket);
  manager.stopping('a\nMAINPID=1\r\nREADY=1', 1000);
  t.strictSame(state.told, ['STOPPING=1\nEXTEND_TIMEOUT_USEC=1000000\nSTATUS=stopping: a MAINPID=1 READY=1']);
});
