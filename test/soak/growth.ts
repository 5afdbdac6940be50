// Does a figure grow? Samples over minutes → a slope that outliers do not move, and a verdict against a stated limit.
// Pure; the soak judges memory and descriptors of the service with it.

/** One look at a figure: minutes since the start, and its value. */
export interface Point {
  readonly minutes: number;
  readonly value: number;
}

/** What may be, for one figure. */
export interface GrowthLimit {
  readonly name: string;
  readonly unit: string;
  /**
   * Over the whole judged part, however long: as much as the figure goes up and down by itself. Longer runs see smaller
   * leaks.
   */
  readonly atMost: number;
}

export interface Growth extends GrowthLimit {
  readonly first: number;
  readonly last: number;
  readonly most: number;
  /** Over the judged part, by the slope through all its samples; null = too short to say. */
  readonly grown: number | null;
  /** Whether it stayed within the limit; null = too short to say. */
  readonly ok: boolean | null;
}

/**
 * The service fills its caches, queues and history once: until then a run is not judged, nor in this part of it, nor in
 * so many minutes.
 */
const warmUpShare = 0.25;
const warmUpLeastMinutes = 5;
/** Nothing is said of less than this: faults come in cycles of some minutes, and memory goes up and down with them. */
const judgedLeastMinutes = 10;

/**
 * Samples of the judged part, the second three quarters of a run of half an hour or less.
 * @param fullAt when the service had filled what it keeps, in minutes; Infinity = it has not
 */
export function judgedPart(points: readonly Point[], fullAt: number): readonly Point[] {
  const end = points.at(-1)?.minutes ?? 0;
  const from = Math.max(warmUpLeastMinutes, warmUpShare * end, fullAt);
  return points.filter(({ minutes }) => minutes >= from);
}

/**
 * The median of the slopes between all pairs of points (Theil and Sen): up to 29 % of the points may be anything.
 * @returns value per minute; 0 for fewer than two points
 */
export function robustSlope(points: readonly Point[]): number {
  const slopes: number[] = [];
  points.forEach((a, index) => {
    for (const b of points.slice(index + 1))
      if (b.minutes > a.minutes) slopes.push((b.value - a.value) / (b.minutes - a.minutes));
  });
  return median(slopes);
}

/** Judge one figure. @param fullAt as for `judgedPart` */
export function judgeGrowth(limit: GrowthLimit, points: readonly Point[], fullAt = 0): Growth {
  const judged = judgedPart(points, fullAt);
  const span = (judged.at(-1)?.minutes ?? 0) - (judged[0]?.minutes ?? 0);
  const grown = span < judgedLeastMinutes ? null : robustSlope(judged) * span;
  return {
    ...limit,
    first: points[0]?.value ?? Number.NaN,
    last: points.at(-1)?.value ?? Number.NaN,
    most: points.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    grown,
    ok: grown === null ? null : grown <= limit.atMost,
  };
}

function median(values: number[]): number {
  if (values.length === 0) return 0;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}
