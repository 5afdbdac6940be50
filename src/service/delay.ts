// A time that has passed, which keeps no process alive.
// Tested by test/service/service.test.ts.

export const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
