// An address and a port as they are written: "10.1.2.20:9999", "[fd00::20]:9999", "tcp://10.1.2.20:9999".

/** @param host IPv4, IPv6 or a name @param port `*` = zmq takes any free one */
export const hostPort = (host: string, port: number | '*'): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Its host without brackets: all of a text that has no port. */
export const hostOf = (text: string): string => partsOf(text).host;

/** Its port; null = it has none. */
export const portOf = (text: string): number | null => partsOf(text).port;

function partsOf(text: string): { readonly host: string; readonly port: number | null } {
  const address = text.replace(/^tcp:\/\//, '');
  const { host, port } = /^(?<host>\[.*\]|[^:]*):(?<port>\d+)$/.exec(address)?.groups ?? {};
  return {
    host: (host ?? address).replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? null : Number(port),
  };
}
