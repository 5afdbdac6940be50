// Where TypeScript finds what it shares with the compiled placement. Comes in: a struct of kernel-words.ts. Goes out:
// the place of each field in an array of the field's width. A field has a name only among those of its width, so the
// types refuse code that would read or write it with another one.

import { placed } from './kernel-words.js';
import type { Field } from './kernel-words.js';

type Named<Fields extends readonly Field[], Of extends Field['width']> = Extract<
  Fields[number],
  { readonly width: Of }
>['name'];

/** Places of the fields of a struct, counted from its begin. */
export interface Places<Fields extends readonly Field[]> {
  /** Of fields of 32 bits, as in an `Int32Array`. */
  readonly words: Readonly<Record<Named<Fields, 'u32' | 'i32' | 'address'>, number>>;
  /** Of frame numbers and times, as in a `Float64Array`. */
  readonly numbers: Readonly<Record<Named<Fields, 'f64'>, number>>;
}

/** The places of a struct's fields. Made once, when a module is loaded. */
export function placesOf<const Fields extends readonly Field[]>({
  fields,
}: {
  readonly fields: Fields;
}): Places<Fields> {
  const all = placed(fields);
  const places = (numbers: boolean): Record<string, number> =>
    Object.fromEntries(
      all
        .filter(({ field }) => (field.width === 'f64') === numbers)
        .map(({ field, at }) => [field.name, at / (numbers ? 8 : 4)]),
    );
  return { words: places(false), numbers: places(true) } as Places<Fields>;
}
