// An address and a port as they are written: "10.1.2.20:9999", "[fd00::20]:9999".

/** @param host IPv4, IPv6 or a name @param port `*` = zmq takes any free one */
export const hostPort = (host: string, port: number | '*'): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
