import t from 'tap';
import { errno, ffiUnavailable } from '../../../../src/runtime/ffi.js';
import { refusedCall, zmtpUnavailable } from '../../../../src/stream/output/zmtp/probe.js';

type Calls = Parameters<typeof refusedCall>[0];
const names = ['accept4', 'recv', 'sendmsg', 'ioctl', 'getsockopt', 'poll'] as const;

/** A kernel on which these calls fail, and how many sockets were closed. */
function kernel(failing: readonly string[]): { calls: Calls; closed: () => number } {
  let closed = 0;
  const result = (call: string): number => (failing.includes(call) ? -1 : 0);
  const calls: Calls = {
    socket: () => (failing.includes('socket') ? -1 : 7),
    accept4: () => result('accept4'),
    recv: () => result('recv'),
    sendmsg: () => result('sendmsg'),
    ioctl: () => result('ioctl'),
    getsockopt: () => result('getsockopt'),
    poll: () => result('poll'),
    close: () => ++closed,
  };
  return { calls, closed: () => closed };
}

t.test('each call that is needed is named when it is refused, and the socket is closed', async (t) => {
  for (const call of names) {
    const { calls, closed } = kernel([call]);
    t.match(
      refusedCall(calls, () => errno.ENOSYS),
      new RegExp(`seccomp.* refuses ${call}.* \\(ENOSYS\\)$`),
    );
    t.equal(closed(), 1);
  }
  t.match(
    refusedCall(kernel(['accept4', 'sendmsg']).calls, () => errno.EPERM),
    /refuses accept4 \(EPERM\), sendmsg \(EPERM\)$/,
  );
});

t.test('what a socket without a connection answers is no refusal; nor is a machine without sockets', async (t) => {
  for (const reason of [22, 107, 32])
    t.equal(
      refusedCall(kernel(names).calls, () => reason),
      null,
    );
  const { calls, closed } = kernel(['socket', 'recv']);
  t.equal(
    refusedCall(calls, () => errno.EPERM),
    null,
  );
  t.equal(closed(), 0);
});

t.test('this machine is asked once, and has what the other tests need', async (t) => {
  t.equal(zmtpUnavailable(), ffiUnavailable());
});
