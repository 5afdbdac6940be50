// What is not waited for for ever: a disk, or a file server, that does not answer.

/** A disk that has not answered after so long is given up, ms. */
export const diskLimitMs = 3000;

/** The promise's value, or `late` when there is none after so long, ms. */
export function limited<Value, Late>(promise: Promise<Value>, late: Late, limitMs: number): Promise<Value | Late> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<Late>((resolve) => (timer = setTimeout(() => resolve(late), limitMs)));
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
