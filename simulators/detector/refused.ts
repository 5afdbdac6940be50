// Why the system refused to send, in a sentence with the remedy.
// Tested by test/simulators/detector/batch-sender.test.ts.

const remedies: Readonly<Record<string, string>> = {
  EHOSTUNREACH: 'no host answers there: look at udp_host, and at the route (ip route get ADDRESS)',
  ENETUNREACH: 'there is no route to it: look at udp_host, and at the route (ip route get ADDRESS)',
  ECONNREFUSED: 'no program listens on that port: start the service first',
  EPERM: 'a firewall or the container does not let them out (nft list ruleset)',
  EACCES: 'the address is a broadcast one, or a firewall does not let them out',
  EMSGSIZE: 'they are longer than a datagram or the interface may be (MTU)',
  ENOBUFS: 'the interface takes no more: send slower (--rate)',
  EINVAL: 'the port or the address is none that can be sent to',
};

/** @param reason as the system named it, perhaps within a sentence */
export function refusedText(count: number, reason: string | null): string {
  const remedy = remedies[/\bE[A-Z]+\b/.exec(reason ?? '')?.[0] ?? ''];
  return (
    `${count} datagrams were refused by the system ` +
    `(${reason ?? 'no reason given'})${remedy === undefined ? '' : `: ${remedy}`}; they count as sent above\n`
  );
}
