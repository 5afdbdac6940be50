// The end of this process, also when a call to the system does not come back: a disk or a name server that has stopped
// answering holds a thread of Node's pool, and Node waits at its end until the pool is done, for ever.

import { ffiUnavailable, libc } from './ffi.js';

/** What threads of the pool work at, as Node names it: files, their closing, names of hosts. */
const pooled = /^(FSReq|CloseReq|GetAddrInfo|GetNameInfo)/;

/** @param code exit code; that of the process unless given */
export function endProcess(code?: number): never {
  if (code !== undefined) process.exitCode = code;
  if (!process.getActiveResourcesInfo().some((name) => pooled.test(name))) process.exit();
  process.emit('exit', Number(process.exitCode ?? 0));
  if (ffiUnavailable() === null) libc().exitNow(Number(process.exitCode ?? 0));
  process.kill(process.pid, 'SIGKILL');
  process.exit();
}
