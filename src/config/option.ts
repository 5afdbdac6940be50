// One option: its check with what the reference prints beside it. Comes in: a schema and its notes. Goes out: the
// schema that carries them.
// Tested by test/config/schema.test.ts.

import { isIP } from 'node:net';
import { z } from 'zod';

/** What the reference prints beside an option and what an error says is allowed. */
export interface OptionNotes {
  /** Unit of the value; null where it has none. */
  readonly unit: string | null;
  /** Allowed values, as the end of "needs …". */
  readonly range: string;
  readonly description: string;
  /** What holds when a key without default is not given. */
  readonly unset?: string;
}

interface Whole {
  readonly unit: string | null;
  readonly from: number;
  readonly to: number;
  readonly says: string;
}

/** A port number, as a number and as a key of a map. */
export const port = z.int().min(1).max(65535);
export const portKey = z.string().regex(/^[1-9][0-9]{0,4}$/);

/** An IP address. */
export const address = z.string().refine((text) => isIP(text) !== 0);

/** "a, b or c". */
export function oneOf(items: readonly (string | number)[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

/** A whole number with a default. */
export function whole(of: Whole, fallback: number) {
  return noted(z.int().min(of.from).max(of.to).default(fallback), notesOfWhole(of));
}

/** A whole number that need not be given. `unset`: what holds then. */
export function wholeOrUnset(of: Whole, unset: string) {
  return noted(z.int().min(of.from).max(of.to).optional(), { ...notesOfWhole(of), unset });
}

function notesOfWhole(of: Whole): OptionNotes {
  return { unit: of.unit, range: `a whole number, ${of.from} to ${of.to}`, description: of.says };
}

/** The schema with its notes. */
export function noted<S extends z.ZodType>(schema: S, notes: OptionNotes): S {
  return schema.meta({ ...notes });
}
