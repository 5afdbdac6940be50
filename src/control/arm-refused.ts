// A refusal: why an order (open a series, end it) is not carried out. Thrown by the rules of arm requests and by whoever carries out
// orders; each door tells it in its own way.

/** The series cannot be opened: HTTP status and what is wrong. */
export class ArmRefused extends Error {
  override readonly name = 'ArmRefused';
  readonly status: 409 | 422 | 503;
  readonly problems: readonly string[];

  constructor(status: 409 | 422 | 503, problems: readonly string[]) {
    super(problems.join('; '));
    this.status = status;
    this.problems = problems;
  }
}
