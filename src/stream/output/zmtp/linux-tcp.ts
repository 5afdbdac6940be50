// Numbers of Linux by which TCP sockets are asked, the same on x64 and arm64.
// Tested by test/stream/output/zmtp/zmtp-sink.test.ts.

/** Linux, asm-generic/socket.h, linux/in6.h, linux/tcp.h, asm-generic/ioctls.h. */
export const level = { socket: 1, tcp: 6, ipv6: 41 } as const;
export const option = {
  reuseAddress: 2,
  sendBuffer: 7,
  keepAlive: 9,
  sendBufferForce: 32,
  ipv6Only: 26,
  noDelay: 1,
  keepIdle: 4,
  keepInterval: 5,
  keepCount: 6,
  info: 11,
  longestBackoff: 44,
} as const;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC. */
export const streamSocket = 1 | 0o4000 | 0o2000000;
export const acceptedFlags = 0o4000 | 0o2000000;
/** MSG_DONTWAIT | MSG_NOSIGNAL. */
export const sendFlags = 0x40 | 0x4000;
export const dontWait = 0x40;
/** SHUT_WR. */
export const noMoreSent = 1;
/** SIOCOUTQ: bytes handed over that the peer has not acknowledged. */
export const unsentRequest = 0x5411;
/** struct tcp_info: bytes of it that are looked at. */
export const infoBytes = 104;
