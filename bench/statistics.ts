// Medians, spreads, percentiles, and tables of them for people and for the documentation.

/** The middle of several runs and how far they lay apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly runs: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: percentile(sorted, 0.5),
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
    runs: sorted.length,
  };
}

/** @param sorted ascending; @param share 0 … 1; between two values the nearer one below */
export function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return share === 0.5 ? low + (high - low) * (at - Math.floor(at)) : low;
}

/** "1.32 (1.29 – 1.41)". */
export function withSpread(spread: Spread | null, digits: number): string {
  if (spread === null || spread.runs === 0) return '–';
  return `${spread.median.toFixed(digits)} (${spread.least.toFixed(digits)} – ${spread.most.toFixed(digits)})`;
}

/** Ratios of runs that followed each other, a[i] / b[i]. */
export function ratioOf(a: readonly number[], b: readonly number[]): Spread {
  return spreadOf(a.map((value, index) => value / b[index]).filter(Number.isFinite));
}

/** A table in Markdown, padded so that it can be read on a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

/** "reached" or by how much not. */
export function verdict(value: number, limit: number, unit = ''): string {
  if (!Number.isFinite(value)) return 'not measured';
  return value <= limit
    ? `reached (≤ ${limit}${unit})`
    : `missed (${value.toFixed(2)}${unit}, ≤ ${limit}${unit} wanted)`;
}
