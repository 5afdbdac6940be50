// What a simulated detector may show. A file of its own, so that the command line knows the words before it loads what
// draws them.
// Tested by test/commands/command-line.test.ts.

/** What a simulated detector sends where no file is given. */
export const pictures = ['formula', 'rings'] as const;
export type Picture = (typeof pictures)[number];
