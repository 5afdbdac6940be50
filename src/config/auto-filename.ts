// The file names of automatic series: a template of the configuration in, one name for each series out. A name never
// comes twice, for streaming-receiver appends to a file that it has: within a process the series differ, and from
// process to process the time does.

/**
 * The template may have so many characters, and a detector's name counts for so many: the name stays below the 4095
 * bytes of a path.
 */
const templateCharacters = 800;
const detectorCharacters = 100;

const placeholder = /\{([^{}]*)\}/g;

/** What a series is called by. */
export interface NamedSeries {
  /** The detector's name in the configuration file; what no file name should have becomes "_". */
  readonly detector: string;
  /** Number of the series since the start of the service. */
  readonly series: number;
  /** When it is named, in ms since 1970. */
  readonly wall: number;
}

/** An absolute path of a file, with {date} and {series} once each, {detector} at most once, and no other braces. */
export function isFilenameTemplate(template: string): boolean {
  const names = [...template.matchAll(placeholder)].map(([, name]) => name);
  const count = (wanted: string): number => names.filter((name) => name === wanted).length;
  return (
    template.startsWith('/') &&
    !template.endsWith('/') &&
    template.length <= templateCharacters &&
    count('date') === 1 &&
    count('series') === 1 &&
    count('detector') <= 1 &&
    names.length === 2 + count('detector') &&
    !/[{}\p{Cc}\p{Cs}]/u.test(template.replace(placeholder, ''))
  );
}

/**
 * The name of one series.
 * @param template as `isFilenameTemplate` has it
 */
export function filenameOf(template: string, { detector, series, wall }: NamedSeries): string {
  const values: Readonly<Record<string, string>> = {
    date: new Date(wall).toISOString().replace(/[-:Z]/g, '').replace(/[T.]/g, '-'),
    series: String(series).padStart(4, '0'),
    detector: detector
      .slice(0, detectorCharacters)
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^\.+/, '_'),
  };
  return template.replace(placeholder, (_, name: string) => values[name]);
}
