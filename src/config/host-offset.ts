// The number of this instance among those that share a detector, from the name of the host: pods of a Kubernetes
// StatefulSet are called NAME-0, NAME-1 and so on.
// Tested by test/config/checks.test.ts.

/** The number after the last hyphen; null = the name has none. */
export function hostOffset(hostName: string): number | null {
  const digits = /-([0-9]{1,4})$/.exec(hostName.split('.')[0] ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
