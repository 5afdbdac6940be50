// Shares of the ring and of a socket's buffer above which they are nearly full, for state, page and alert. Apart from
// findings.ts, whose tables the page does not need. Pure.
// Tested by test/contract/closed-lists.test.ts.

export const nearlyFull = { ring: 0.8, socket: 0.5 } as const;
