// The socket on which a program tells systemd how it is (sd_notify(3)): datagrams to a Unix socket, which Node does not
// have. Comes in: the path that systemd puts into the environment; goes out: text.

import { errnoName, ffiUnavailable, lastErrno, libc, openLibrary } from './ffi.js';

/** Linux: sys/socket.h. */
const unixFamily = 1;
const datagramCloseOnExec = 2 | 0o2000000;
const dontWaitNoSignal = 0x40 | 0x4000;
/** struct sockaddr_un: bytes of the path, its end included. */
const pathBytesMost = 108;

/** Sends one text. @returns null, or why it could not be sent */
export type Notify = (text: string) => string | null;

/**
 * The address to send to.
 * @param path absolute, or "@name" of an abstract socket
 * @returns a function that never waits, or a sentence that says why there is none
 */
export function openNotifySocket(path: string): Notify | string {
  const missing = ffiUnavailable();
  if (missing !== null) return missing;
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  if (!/^[/@]./.test(path) || name.length > pathBytesMost) return `${path} is no path of a Unix socket`;
  const address = new Uint8Array(2 + name.length);
  address[0] = unixFamily;
  address.set(name, 2);
  const sendto = openLibrary(null).func(
    'intptr_t sendto(int fd, void *bytes, size_t length, int flags, void *address, uint32_t address_length)',
  );
  const descriptor = libc().socket(unixFamily, datagramCloseOnExec, 0);
  if (descriptor < 0) return `no Unix socket can be had (${errnoName(lastErrno())})`;
  return (text) => {
    const bytes = Buffer.from(text);
    return sendto(descriptor, bytes, bytes.length, dontWaitNoSignal, address, address.length) === bytes.length
      ? null
      : errnoName(lastErrno());
  };
}
