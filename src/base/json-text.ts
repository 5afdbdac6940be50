// JSON whose numbers keep the digits they came with. Metadata travels through this service into files: JSON.parse would
// round 9007199254740993 and turn 1.0 into 1, which Python stores as another type. Comes in: JSON text. Goes out:
// nodes, which `writeJson` writes as text again.

/** A JSON value. Numbers are their source text; members of an object keep order and repetitions. */
export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: JsonNode])[] };

export type JsonObject = Extract<JsonNode, { readonly kind: 'object' }>;

/** Deepest nesting that is read. */
export const jsonDepthLimit = 32;

/**
 * The nodes of a JSON text.
 * @throws SyntaxError when it is no JSON, or nested deeper than `jsonDepthLimit`
 */
export function parseJson(text: string): JsonNode {
  // The engine checks the syntax, so that the reader below meets valid JSON only.
  JSON.parse(text);
  return new Reader(text).value(0);
}

/** JSON text of the nodes, without spaces, numbers as they came. */
export function writeJson(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(node.value);
    case 'number':
      return node.text;
    case 'string':
      return JSON.stringify(node.value);
    case 'list':
      return `[${node.items.map(writeJson).join(',')}]`;
    case 'object':
      return `{${node.members.map(([key, value]) => `${JSON.stringify(key)}:${writeJson(value)}`).join(',')}}`;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    if (depth > jsonDepthLimit) throw new SyntaxError(`nested deeper than ${jsonDepthLimit} levels`);
    const next = this.#token(/[{["tfn]|(?=[-0-9])/y);
    switch (next) {
      case '{':
        return { kind: 'object', members: this.#members(depth) };
      case '[':
        return { kind: 'list', items: this.#items(depth) };
      case '"':
        return { kind: 'string', value: this.#string() };
      case 't':
        this.#at += 3;
        return { kind: 'boolean', value: true };
      case 'f':
        this.#at += 4;
        return { kind: 'boolean', value: false };
      case 'n':
        this.#at += 3;
        return { kind: 'null' };
      default:
        return { kind: 'number', text: this.#token(/-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y) };
    }
  }

  #members(depth: number): [string, JsonNode][] {
    const members: [string, JsonNode][] = [];
    if (this.#token(/\}|/y) === '}') return members;
    do {
      this.#token(/"/y);
      const key = this.#string();
      this.#token(/:/y);
      members.push([key, this.value(depth + 1)]);
    } while (this.#token(/[,}]/y) === ',');
    return members;
  }

  #items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    if (this.#token(/\]|/y) === ']') return items;
    do items.push(this.value(depth + 1));
    while (this.#token(/[,\]]/y) === ',');
    return items;
  }

  /** The rest of a string whose opening quote was read. */
  #string(): string {
    const rest = /[^"\\]*(?:\\.[^"\\]*)*"/y;
    rest.lastIndex = this.#at;
    const found = (rest.exec(this.#text) as RegExpExecArray)[0];
    this.#at += found.length;
    return JSON.parse(`"${found}`) as string;
  }

  /** What `pattern` (sticky) matches after white space. */
  #token(pattern: RegExp): string {
    while (' \t\r\n'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at += 1;
    pattern.lastIndex = this.#at;
    const found = (pattern.exec(this.#text) as RegExpExecArray)[0];
    this.#at += found.length;
    return found;
  }
}
