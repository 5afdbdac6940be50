// Runs whose figures may be compared: nothing was lost, the sender kept the rate, each program has a figure. Other runs
// are refused with the reason and tried again. A comparison without enough valid runs has no figure.

/** Of the runs that were wanted, those that were valid, and why others were not. */
export interface ValidRuns<Run> {
  readonly runs: readonly Run[];
  readonly refused: readonly string[];
}

/** For each run that is wanted, so many are tried at most. */
const triesEach = 2;

/** @param once a run, or why it is refused */
export async function validRuns<Run extends object>(
  wanted: number,
  once: () => Promise<Run | string>,
): Promise<ValidRuns<Run>> {
  const runs: Run[] = [];
  const refused: string[] = [];
  while (runs.length < wanted && runs.length + refused.length < wanted * triesEach) {
    const run = await once();
    if (typeof run === 'string') {
      process.stderr.write(`run refused: ${run}\n`);
      refused.push(run);
    } else runs.push(run);
  }
  return { runs, refused };
}

/** Why this is not the traffic that was asked for, both in frames per second; null = it is. */
export function paceProblem(reached: number, rate: number): string | null {
  return reached >= 0.99 * rate ? null : `the sender reached ${Math.round(reached)} of ${rate} frames/s`;
}

/** "5", or "3, 2 refused: 120 packets lost; …". */
export function runsText(valid: number, refused: readonly string[]): string {
  if (refused.length === 0) return String(valid);
  const [first] = refused;
  return `${valid}, ${refused.length} refused: ${first}${refused.length > 1 ? '; …' : ''}`;
}
