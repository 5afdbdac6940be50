// The controls under the image and the settings that they make, kept in the address.
// Tested by test/threads/page-data.test.ts.

import { mostFrames, readAddress, ringsIn, numbersIn, spanIn, spanText, tools, writeAddress } from './address.js';
import type { Settings, Tool } from './address.js';
import { colourMaps } from './colours.js';
import type { ColourMap } from './colours.js';
import type { Combination } from './combine.js';
import { byId } from './elements.js';
import type { Range, Scale } from './value-scale.js';

const select = (id: string): HTMLSelectElement => byId(id, HTMLSelectElement);
const input = (id: string): HTMLInputElement => byId(id, HTMLInputElement);

const controls = {
  scale: select('scale'),
  map: select('map'),
  inverted: input('inverted'),
  auto: input('auto'),
  low: input('low'),
  high: input('high'),
  axes: input('axes'),
  ports: input('ports-drawn'),
  profiles: input('profiles-drawn'),
  combination: select('combination'),
  frames: input('combined-frames'),
  tool: select('tool'),
  line: input('line'),
  rectangle: input('rectangle'),
  centre: input('centre'),
  rings: input('rings'),
};

export class Controls {
  readonly #onChange: (settings: Settings) => void;
  #settings: Settings;

  constructor(onChange: (settings: Settings) => void) {
    this.#onChange = onChange;
    controls.map.replaceChildren(...colourMaps.map((name) => new Option(name, name)));
    controls.frames.max = String(mostFrames);
    this.#settings = readAddress(location.hash);
    for (const control of Object.values(controls)) control.addEventListener('change', () => this.#read());
    addEventListener('hashchange', () => {
      this.#settings = readAddress(location.hash);
      this.#write();
    });
    this.#write();
  }

  get settings(): Settings {
    return this.#settings;
  }

  set(changes: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...changes };
    this.#write();
  }

  /** The automatic range as it came out, in the fields that a viewer may go on from. */
  showRange({ low, high }: Range): void {
    if (this.#settings.range !== null) return;
    controls.low.value = String(Number(low.toPrecision(5)));
    controls.high.value = String(Number(high.toPrecision(5)));
  }

  /** What cannot be read stays as it was, and its field is marked. */
  #read(): void {
    const range: Range = { low: Number(controls.low.value), high: Number(controls.high.value) };
    const frames = Number(controls.frames.value);
    const rings = ringsIn(controls.rings.value);
    const place = (text: string): Settings['centre'] => {
      const numbers = numbersIn(text, 2, 2);
      return numbers === null ? null : { row: numbers[0], column: numbers[1] };
    };
    const before = this.#settings;
    this.#settings = {
      scale: controls.scale.value as Scale,
      map: controls.map.value as ColourMap,
      inverted: controls.inverted.checked,
      range: controls.auto.checked ? null : range.low < range.high ? range : before.range,
      axes: controls.axes.checked,
      ports: controls.ports.checked,
      profiles: controls.profiles.checked,
      combination: controls.combination.value as Combination,
      frames: Number.isInteger(frames) && frames >= 2 && frames <= mostFrames ? frames : before.frames,
      tool: tools.find((tool): tool is Tool => tool === controls.tool.value) ?? before.tool,
      line: spanIn(controls.line.value),
      rectangle: spanIn(controls.rectangle.value),
      centre: place(controls.centre.value),
      rings: rings ?? before.rings,
    };
    mark(controls.line, controls.line.value === '' || this.#settings.line !== null);
    mark(controls.rectangle, controls.rectangle.value === '' || this.#settings.rectangle !== null);
    mark(controls.centre, controls.centre.value === '' || this.#settings.centre !== null);
    mark(controls.rings, rings !== null);
    this.#tell();
  }

  #write(): void {
    const { range, line, rectangle, centre, rings, ...rest } = this.#settings;
    controls.scale.value = rest.scale;
    controls.map.value = rest.map;
    controls.inverted.checked = rest.inverted;
    controls.auto.checked = range === null;
    if (range !== null) {
      controls.low.value = String(range.low);
      controls.high.value = String(range.high);
    }
    controls.axes.checked = rest.axes;
    controls.ports.checked = rest.ports;
    controls.profiles.checked = rest.profiles;
    controls.combination.value = rest.combination;
    controls.frames.value = String(rest.frames);
    controls.tool.value = rest.tool;
    controls.line.value = line === null ? '' : spanText(line);
    controls.rectangle.value = rectangle === null ? '' : spanText(rectangle);
    controls.centre.value = centre === null ? '' : `${centre.row},${centre.column}`;
    controls.rings.value = rings.join(', ');
    this.#tell();
  }

  #tell(): void {
    controls.low.disabled = controls.auto.checked;
    controls.high.disabled = controls.auto.checked;
    byId('combined-label', HTMLElement).hidden = this.#settings.combination === 'single';
    const address = writeAddress(this.#settings);
    history.replaceState(null, '', `${location.pathname}${location.search}${address === '' ? '' : `#${address}`}`);
    this.#onChange(this.#settings);
  }
}

/** Fields that cannot be read are marked, also for those who do not see it. */
function mark(field: HTMLInputElement, good: boolean): void {
  field.setAttribute('aria-invalid', String(!good));
}
