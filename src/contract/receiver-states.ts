// States of a receiver as MAX IV's streaming-receiver tells them at /status: asked of it, and told alike by the service
// to those that take it for one. Pure.
// Tested by test/contract/closed-lists.test.ts.

export const receiverStates = ['idle', 'running', 'error'] as const;

export type ReceiverState = (typeof receiverStates)[number];
