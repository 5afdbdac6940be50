import t from 'tap';
import { checkMetadata } from '../../src/config/metadata.js';
import { seriesMetadata } from '../../src/config/series-metadata.js';
import { parseJson } from '../../src/base/json-text.js';
import { plainRequest } from '../../src/contract/series.js';
import { makeLayout } from '../../src/detector/layout.js';
import { families } from '../../src/detector/profiles.js';
import { config } from '../view/hand-made-view.js';

const layout = makeLayout(config.detector);

const read = (
  given: { metadataDefaults?: Record<string, unknown>; metadata?: string; frames?: number; framePeriodMs?: number },
  of = layout,
  form: Partial<typeof config> = {},
): ReturnType<typeof seriesMetadata> & { values: Record<string, unknown> } => {
  const { metadataDefaults = {}, ...request } = given;
  const made = seriesMetadata({ ...config, metadataDefaults, ...form }, of, { ...plainRequest, ...request });
  return { ...made, values: JSON.parse(made.text) as Record<string, unknown> };
};

t.test('a series says what the service knows, under the names of class Eiger', async (t) => {
  const { values, exposureTime } = read({ frames: 10, framePeriodMs: 2.5 });
  t.match(values, {
    description: 'PSI Eiger',
    bit_depth_image: 16,
    bit_depth_readout: 16,
    saturation_value: 65535,
    x_pixel_size: 75e-6,
    y_pixel_size: 75e-6,
    nimages: 10,
    frame_time: 0.0025,
    pixel_mask_applied: false,
    virtual_dcu: { missing_value: 65535, gap_pixels: true, quad: true, modules: [1, 1], udp_ports: [50001, 50002] },
  });
  t.equal(exposureTime, null);
  const open = read({}).values;
  t.notOk('nimages' in open || 'frame_time' in open, 'what is not known is not said');
  t.notOk('port_rows' in (open['virtual_dcu'] as object), 'where a port lies whose packets decide is not known');
});

t.test('twelve bits on the wire are sixteen in the image; places that are configured are told', async (t) => {
  const portPositions = new Map<number, [number, number]>([
    [50001, [1, 0]],
    [50002, [0, 0]],
  ]);
  const other = makeLayout({ ...config.detector, portPositions }, { dynamicRange: 12 });
  t.match(read({}, other).values, {
    bit_depth_image: 16,
    bit_depth_readout: 12,
    saturation_value: 4095,
    virtual_dcu: { missing_value: 65535, port_rows: [1, 0], port_columns: [0, 0], port_flipped: [1, 1] },
  });
});

t.test('the request stands over the defaults, these over what is known, and numbers keep their digits', async (t) => {
  const metadataDefaults = { sensor_material: 'Si', description: 'Sofie', exptime: 0.5, photon_energy: 700 };
  const { values, text, exposureTime } = read({
    metadataDefaults,
    metadata: '{"photon_energy":710.50,"exptime":1.0,"id":9007199254740993}',
  });
  t.match(values, { sensor_material: 'Si', description: 'Sofie', bit_depth_image: 16 });
  t.match(text, /"photon_energy":710\.50,/);
  t.match(text, /"id":9007199254740993[,}]/);
  t.equal(text.match(/"exptime"/g)?.length, 1);
  t.equal(exposureTime, '1.0');
  t.equal(read({ metadataDefaults }).exposureTime, '0.5');
});

t.test('nothing of it hurts the file writer, for any detector', async (t) => {
  for (const detector of Object.keys(families)) {
    const quad = detector === 'eiger';
    const udpPorts = quad ? [1, 2] : [1];
    const settings = { ...config.detector, detector, quad, udpPorts, flipRows: new Map(), portPositions: new Map() };
    const { text } = read({ frames: 1 }, makeLayout(settings));
    t.strictSame(checkMetadata(parseJson(text)).problems, [], detector);
  }
});

t.test('images that are cut, turned or masked are said to be, and only they', async (t) => {
  const { values } = read({}, layout, { turn: 90, roi: [1, 2, 30, 40], mask: '/data/mask.npy' });
  t.match(values, {
    pixel_mask_applied: true,
    virtual_dcu: {
      frame_shape: [514, 514],
      roi: [1, 2, 30, 40],
      turn: 90,
      mirror: false,
      mask: '/data/mask.npy',
      mask_value: 65535,
    },
  });
  const whole = read({}, layout, { mirror: true, maskValue: null }).values['virtual_dcu'] as Record<string, unknown>;
  t.match(whole, { roi: [0, 0, 514, 514], mirror: true });
  t.notOk('mask' in whole);
  const plain = read({}, layout, { compression: 'bslz4' }).values['virtual_dcu'] as object;
  t.notOk('roi' in plain || 'frame_shape' in plain || 'turn' in plain);
  const strip = { ...config.detector, detector: 'gotthard2', quad: false, udpPorts: [1], flipRows: new Map() };
  const sideways = read({}, makeLayout({ ...strip, portPositions: new Map() }), { turn: 270 }).values;
  t.equal(sideways['y_pixel_size'], 50e-6, 'what lies along the columns');
  t.notOk('x_pixel_size' in sideways);
});
