import t from 'tap';
import { refusedCall, recvmmsgUnavailable } from '../../src/udp/recvmmsg-probe.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';

type Calls = Parameters<typeof refusedCall>[0];

/** A kernel that refuses these calls. */
function kernel(refused: readonly string[]): { calls: Calls; closed: () => number } {
  let closed = 0;
  const result = (call: string): number => (refused.includes(call) ? -1 : 0);
  const calls: Calls = {
    socket: () => (refused.includes('socket') ? -1 : 7),
    setsockopt: () => result('setsockopt'),
    recvmmsg: () => result('recvmmsg'),
    poll: () => result('poll'),
    close: () => ++closed,
  };
  return { calls, closed: () => closed };
}

t.test(
  'each call without which batches cannot be received is named when it is refused, and the socket is closed',
  async (t) => {
    for (const call of ['recvmmsg', 'setsockopt', 'poll']) {
      const { calls, closed } = kernel([call]);
      t.match(
        refusedCall(calls, () => 'ENOSYS'),
        new RegExp(`seccomp.* refuses ${call}.* \\(ENOSYS\\)$`),
      );
      t.equal(closed(), 1);
    }
    t.match(
      refusedCall(kernel(['recvmmsg', 'poll']).calls, () => 'EPERM'),
      /refuses recvmmsg \(EPERM\), poll \(EPERM\)$/,
    );
  },
);

t.test('a kernel that refuses nothing, or has no sockets at all, is nothing that the portable way mends', async (t) => {
  t.equal(
    refusedCall(kernel([]).calls, () => 'ENOSYS'),
    null,
  );
  const { calls, closed } = kernel(['socket', 'recvmmsg']);
  t.equal(
    refusedCall(calls, () => 'EPERM'),
    null,
  );
  t.equal(closed(), 0);
});

t.test('this machine is asked once, and has what the other tests need', async (t) => {
  t.equal(recvmmsgUnavailable(), ffiUnavailable());
});
