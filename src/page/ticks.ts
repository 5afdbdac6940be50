// Round numbers along an axis. Pure.

/** Whole numbers from `from` to `to` (included), at most `most` of them, in steps of 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, most: number): number[] {
  if (!(to >= from) || most < 1) return [];
  const least = Math.max(1, (to - from) / most);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((length) => length >= least) ?? 10 * power;
  const first = Math.ceil(from / step) * step;
  const found: number[] = [];
  for (let tick = first; tick <= to; tick += step) found.push(tick);
  return found;
}
