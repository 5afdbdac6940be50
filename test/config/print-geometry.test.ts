import t from 'tap';
import { geometrySvg } from '../../src/config/geometry-svg.js';
import { parseConfig } from '../../src/config/load.js';
import { geometryJson, geometryText } from '../../src/config/print-geometry.js';
import { geometryOf } from '../../src/detector/geometry.js';
import { makeLayout } from '../../src/detector/layout.js';

function shown(...lines: string[]): { text: string; json: Record<string, unknown>; svg: string } {
  const config = parseConfig(`a<b:\n  ${lines.join('\n  ')}\n`, 'f', 'a<b');
  const geometry = geometryOf(makeLayout(config.detector));
  return {
    text: geometryText(config, geometry),
    json: geometryJson(config, geometry) as Record<string, unknown>,
    svg: geometrySvg(config, geometry),
  };
}

const quad = shown('detector: eiger', 'quad: true', 'udp_ports: [50001, 50002]');

t.test('the picture has each port in its place, a dot at its first pixel, an arrow along its rows', async (t) => {
  t.match(
    quad.text,
    [
      '     ┌───────────────┐',
      '   0 │               │',
      '     │  50002 ↑      │',
      ' 255 │•              │',
      '     ├───────────────┤',
      ' 258 │•              │',
      '     │  50001 ↓      │',
      ' 513 │               │',
      '     └───────────────┘',
    ].join('\n'),
  );
  t.match(quad.text, /^50002 {2}0 +0 +0 to 255 +0 to 513 +row 255, column 0 +up +rows 0 to 255, packets 0 to 63$/m);
});

t.test('ports off and fixed are named', async (t) => {
  const { text } = shown(
    'detector: jungfrau',
    'interfaces: 2',
    'modules: [1, 2]',
    'udp_ports: [1, 2, 3, 4]',
    'ports_off: [2]',
    'port_positions: {3: [0, 1], 4: [1, 1]}',
  );
  t.match(text, /│ {2}2 off +│ {2}4 ↓ fixed/);
  t.match(text, /^off +the detector sends nothing/m);
  t.match(text, /^fixed +placed by port_positions/m);
});

t.test('as JSON everything has a key', async (t) => {
  t.match(quad.json, {
    name: 'a<b',
    detector: 'eiger',
    shape: [514, 514],
    grid: [2, 1],
    port_image: [256, 512],
    gap_rows: [[256, 257]],
    ports: [
      { udp_port: 50001, position: [1, 0], first_pixel: [258, 0], rows_run: 'down' },
      { udp_port: 50002, frame_rows: [0, 255], rows_run: 'up', rows_read: [0, 255], packets: [0, 63] },
    ],
  });
});

t.test('the drawing is well formed, with a dot and a name for each port that sends', async (t) => {
  for (const { svg } of [
    quad,
    shown(
      'detector: eiger',
      'modules: [2, 2]',
      'udp_ports: [1, 2, 3, 4, 5, 6, 7, 8]',
      'ports_off: [8]',
      'read_n_rows: 64',
    ),
    shown('detector: mythen3', 'counters: 3', 'modules: [1, 2]', 'udp_ports: [1, 2]'),
    shown('detector: gotthard2', 'udp_ports: [1]'),
  ]) {
    t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    t.match(svg, /a&lt;b/);
    t.notMatch(svg, /NaN|undefined|Infinity|width="-|height="-/);
    // Every element that is opened is closed.
    const open: string[] = [];
    for (const [, close, tag, selfClosed] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (close === '/') t.equal(open.pop(), tag);
      else if (selfClosed !== '/') open.push(tag);
    }
    t.strictSame(open, []);
  }
  t.equal([...quad.svg.matchAll(/<circle/g)].length, 3, 'two ports and the legend');
});
