// What comes of a check of the doctor: `status` in its report, on the page and in the API, the gravest first. Pure.
// Tested by test/contract/closed-lists.test.ts.

export const checkStatuses = ['failed', 'warning', 'ok'] as const;

export type CheckStatus = (typeof checkStatuses)[number];
