// Names on their way out of the process: JSON keys are snake_case, whatever they are called inside.

/** `frameTimeoutMs` → `frame_timeout_ms`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The object with its own keys renamed; values are kept as they are. */
export function snakeKeys<T>(object: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [snakeCase(key), value]));
}
