import t from 'tap';
import { makeLayout, readOut } from '../../src/detector/layout.js';
import type { Layout } from '../../src/detector/layout.js';
import { otherGrids, otherSettings } from '../../src/detector/other-settings.js';
import type { Evidence } from '../../src/detector/other-settings.js';
import { families, profileOf } from '../../src/detector/profiles.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { firstPacketNumber, wireFormat } from '../../simulators/detector/packet.js';
import { quadSettings } from '../simulators/detector/settings-examples.js';

/** Settings as an operator writes them: key → value. */
type Given = Readonly<Record<string, number | boolean>>;

/** Every setting of a detector type that its packets depend on, with some of its values; rows as parts of all. */
const rowParts = [1, 3 / 4, 1 / 2, 1 / 4];

function everySetting(detector: string): DetectorSettings[] {
  const family = families[detector];
  let all = [settingsOf(detector, {})];
  const vary = (key: string, values: readonly unknown[]): void =>
    void (all = all.flatMap((settings) => values.map((value) => ({ ...settings, [key]: value }))));
  vary('dynamicRange', Object.keys(family.values.depths).map(Number));
  for (const [key, values] of Object.entries(family.choices)) if (key !== 'quad' && key !== 'flat') vary(key, values);
  if (family.values.partialReadout === 'none') return all;
  return all.flatMap((settings) => {
    const { partialReadout, portImage, unitPorts } = profileOf(detector, settings);
    const rows = portImage.rows * (partialReadout === 'centre_of_unit' ? unitPorts.rows : 1);
    return rowParts.map((part) => ({ ...settings, readNRows: part === 1 ? null : rows * part })).filter(isPossible);
  });
}

function isPossible(settings: DetectorSettings): boolean {
  try {
    makeLayout(settings);
    return true;
  } catch {
    return false;
  }
}

const settingsOf = (detector: string, changes: Partial<DetectorSettings>): DetectorSettings =>
  quadSettings({ detector, quad: false, ...changes });

/** Images enough to see every packet, and every port that both have. */
const many = 1000;
const ports = (configured: DetectorSettings, actual: DetectorSettings): [number, number][] =>
  [1, many].flatMap((images) =>
    (configured.interfaces === 2 && actual.interfaces === 2 ? [0, 1] : [0]).map((port): [number, number] => [
      images,
      port,
    ]),
  );

/** What a port of this layout sees of a detector with those settings, `images` long; null = nothing is wrong. */
function seen(configured: DetectorSettings, actual: DetectorSettings, images: number, port: number): Evidence | null {
  const [wanted, sent] = [wireFormat(configured), wireFormat(actual)];
  const first = firstPacketNumber(actual, port);
  const numbers = Array.from({ length: sent.packetsSent }, (_, index) => first + index);
  const evidence = (of: 'wrong' | 'all' | 'kept', some: number[]): Evidence => ({
    bytes: sent.datagramBytes,
    row: port,
    numbers: { of, lowest: Math.min(...some), highest: Math.max(...some), seen: some.length * images },
  });
  if (sent.datagramBytes !== wanted.datagramBytes) return evidence('all', numbers);
  const from = firstPacketNumber(configured, port);
  const inside = (number: number): boolean => number >= from && number < from + wanted.packetsSent;
  const wrong = numbers.filter((number) => !inside(number));
  if (wrong.length > 0) return evidence('wrong', wrong);
  return numbers.length < wanted.packetsSent ? evidence('kept', numbers) : null;
}

/** The settings in which they differ, as the hint names them. */
function differences(configured: DetectorSettings, actual: DetectorSettings): string[] {
  const names = {
    dynamicRange: 'dynamic_range',
    tenGiga: 'ten_giga',
    interfaces: 'interfaces',
    counters: 'counters',
  } as const;
  const found = Object.entries(names)
    .filter(([key]) => configured[key as keyof typeof names] !== actual[key as keyof typeof names])
    .map(([key, name]) => `${name}: ${String(actual[key as keyof typeof names])}`);
  return rowsOf(configured) === rowsOf(actual) ? found : [...found, `read_n_rows: ${rowsOf(actual)}`];
}

function rowsOf(settings: DetectorSettings): number {
  const { partialReadout, portImage, unitPorts } = profileOf(settings.detector, settings);
  return settings.readNRows ?? portImage.rows * (partialReadout === 'centre_of_unit' ? unitPorts.rows : 1);
}

/** Settings with what a hint says changed. */
function applied(configured: DetectorSettings, hint: string): DetectorSettings {
  const keys: Readonly<Record<string, keyof DetectorSettings>> = {
    dynamic_range: 'dynamicRange',
    ten_giga: 'tenGiga',
    interfaces: 'interfaces',
    counters: 'counters',
    read_n_rows: 'readNRows',
  };
  const given: Given = Object.fromEntries(
    hint.split(' with ').map((change) => {
      const [name = '', value = ''] = change.split(': ');
      return [keys[name], value === 'true' || value === 'false' ? value === 'true' : Number(value)];
    }),
  );
  return { ...configured, ...given };
}

for (const detector of Object.keys(families)) {
  t.test(
    `${detector}: of every configured against every other setting, the hint names a right cause and no wrong one`,
    async (t) => {
      const all = everySetting(detector);
      let pairs = 0;
      const problems: string[] = [];
      for (const configured of all) {
        const layout: Layout = makeLayout(configured);
        for (const actual of all) {
          for (const [images, port] of ports(configured, actual)) {
            const evidence = seen(configured, actual, images, port);
            if (evidence === null) continue;
            pairs++;
            const hints = otherSettings(layout, evidence);
            const wanted = differences(configured, actual);
            const { dynamicRange, tenGiga, interfaces, counters, readNRows } = configured;
            const name =
              `${detector} ${JSON.stringify([dynamicRange, tenGiga, interfaces, counters, readNRows])} ` +
              `sent ${wanted.join(' with ')}, said ${hints.join(' or ')}`;
            if (wanted.length === 1 && !hints.includes(wanted[0])) problems.push(`not named: ${name}`);
            if (hints.length === 0) problems.push(`nothing named: ${name}`);
            // After many images what is named sends exactly this.
            for (const hint of images === many ? hints : []) {
              const other = seen(configured, applied(configured, hint), images, port);
              if (JSON.stringify(other) !== JSON.stringify(evidence)) problems.push(`wrong, ${hint}: ${name}`);
            }
          }
        }
      }
      t.strictSame(problems.slice(0, 10), [], `${pairs} pairs`);
      if (all.length > 1) t.ok(pairs > 0);
    },
  );
}

t.test(
  'the packet number decides between settings of one packet size: 5120 bytes are 1 or 2 counters of Mythen3',
  async (t) => {
    const layout = makeLayout(settingsOf('mythen3', { dynamicRange: 32, counters: 3 }));
    const told = (highest: number, seen: number): string[] =>
      otherSettings(layout, { bytes: 5168, row: 0, numbers: { of: 'all', lowest: 0, highest, seen } });
    t.strictSame(told(1, 100).slice(0, 1), ['counters: 2']);
    t.notMatch(told(1, 100).join(), /counters: 1/);
    t.match(told(0, 100), ['counters: 1']);
    t.notOk(told(0, 100).includes('counters: 2'));
    t.ok(
      told(0, 1).includes('counters: 1') && told(0, 1).includes('counters: 2'),
      'one packet with number 0 may be either',
    );
  },
);

t.test('Jungfrau with one interface in use and two configured names interfaces, and the other way round', async (t) => {
  const two = makeLayout(settingsOf('jungfrau', { interfaces: 2 }));
  t.match(
    otherSettings(two, { bytes: 8240, row: null, numbers: { of: 'wrong', lowest: 64, highest: 127, seen: 1000 } }),
    ['interfaces: 1'],
  );
  const one = makeLayout(settingsOf('jungfrau', { interfaces: 1 }));
  t.ok(
    otherSettings(one, { bytes: 8240, row: null, numbers: { of: 'kept', lowest: 0, highest: 63, seen: 64 } }).includes(
      'interfaces: 2',
    ),
  );
});

t.test('Eiger with fewer rows names read_n_rows first, and a bit depth only where it sends as much', async (t) => {
  const layout = makeLayout(settingsOf('eiger', {}));
  const kept = (packets: number): string[] =>
    otherSettings(layout, {
      bytes: 4144,
      row: 0,
      numbers: { of: 'kept', lowest: 0, highest: packets - 1, seen: packets },
    });
  t.strictSame(kept(32), ['read_n_rows: 128', 'dynamic_range: 8']);
  t.strictSame(kept(50), ['read_n_rows: 200']);
});

t.test('a place outside the grid names only what makes the grid large enough', async (t) => {
  const half = makeLayout(settingsOf('eiger', {}));
  t.strictSame(otherGrids(half, 1, 0), ['quad: true']);
  t.strictSame(otherGrids(half, 1, 1), []);
  t.strictSame(otherGrids(half, 0, 1), [], 'inside');
  t.strictSame(otherGrids(makeLayout(quadSettings()), 0, 1), ['quad: false']);
  t.strictSame(otherGrids(makeLayout(settingsOf('jungfrau', { modules: [2, 1] })), 2, 0), ['interfaces: 2']);
  t.strictSame(otherGrids(makeLayout(settingsOf('jungfrau', { modules: [2, 1] })), 4, 0), []);
});

t.test('read-outs used here are those of the layout', async (t) => {
  const layout = makeLayout(settingsOf('jungfrau', { readNRows: 256 }));
  t.equal(readOut(layout.profile, 16, 256).firstPackets[0], firstPacketNumber(layout.settings, 0));
});
