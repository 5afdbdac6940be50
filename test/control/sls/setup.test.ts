import t from 'tap';
import { setup } from '../../../src/control/sls/setup.js';
import { setupBytes } from './client.js';

for (const release of [10, 9] as const) {
  t.test(`the structure of release ${release}`, async (t) => {
    const bytes = setupBytes({ type: 6, counterMask: 5, address: '10.0.0.2', depth: 32, quad: 1, rows: 128 }, release);
    t.match(setup.read(bytes), {
      release: release === 10 ? 'since 10' : 'before 10',
      detectorType: 6,
      modules: { x: 1, y: 2 },
      hostname: 'beb001',
      udpPorts: [50_001, 50_002],
      udpAddresses: ['10.0.0.2', '0.0.0.0'],
      frames: 1n,
      exptimeNs: 1_000_000n,
      periodNs: 20_000_000n,
      activate: 1,
      quad: 1,
      readNRows: 128,
      dynamicRange: 32,
      tenGiga: 1,
      counterMask: 5,
      readoutSpeed: release === 10 ? 0 : null,
    });
  });
}

t.test('its length is known when the client falls silent, or when it is the longest there is', async (t) => {
  t.equal(setup.size(setupBytes({}, 10), false), 1284, 'more may come');
  t.equal(setup.size(setupBytes({}, 10), true), 1272);
  t.equal(setup.size(setupBytes({}, 9), false), 1284);
  t.equal(setup.size(Buffer.alloc(1000), true), 1284, 'too short for any release');
});

t.test('a length of no known release is no structure', async (t) => {
  t.equal(setup.read(Buffer.alloc(1280)), null);
});
