// The panel of the page that shows what PSI's client has set, in a real browser before a running service.

import t from 'tap';
import { callBytes, callOver, i32, sentenceOf, setupBytes } from '../control/sls/client.js';
import { Browser, noBrowser } from './browser.js';
import { start } from './running.js';
import { until } from './waiting.js';

const timeout = 120_000;
const yaml = 'detector: eiger\nquad: true\nframe_rate_hz: 100\nseries: armed';

t.test(
  'the page shows what the client has set, and what stands against it',
  { skip: noBrowser ?? false, timeout },
  async (t) => {
    const running = await start(t, `${yaml}\nreceiver_ports: [0]`);
    const browser = await Browser.start(1280, 1400);
    t.teardown(() => browser.close());
    await browser.open(`${running.service.apiUrl}/`);
    const text = (id: string): Promise<string> =>
      browser.evaluate<string>(`document.getElementById('${id}')?.textContent ?? ''`);
    const says = (id: string, wanted: RegExp): Promise<void> =>
      until(async () => wanted.test(await text(id)), `${id}: ${wanted}`);
    await says('client-title', /^PSI's client: 0 of 1 modules set up, idle$/);
    t.equal(await browser.evaluate<boolean>(`document.getElementById('client').hidden`), false);
    await browser.evaluate(`document.getElementById('client-box').open = true`);
    await says('client-modules', /module 0not set up: rx_hostname/);

    const [port = 0] = running.service.receiverPorts;
    const [first = 0, second = 0] = running.config.detector.udpPorts;
    const done = async (...bytes: Parameters<typeof callBytes>): Promise<void> => {
      const reply = await callOver(port, callBytes(...bytes));
      t.equal(reply.readInt32LE(), 0, sentenceOf(reply) ?? 'done');
    };
    await done('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1, ports: [first, second], frames: 12n }));
    await says('client-title', /^PSI's client: 1 module set up, idle$/);
    await says(
      'client-modules',
      new RegExp(`module 0 \\(beb001\\)eiger, 16 bit, 256 rows, ports ${first}, ${second}, 12 frames`),
    );
    await says('client-next', /^Next series: no file · exptime: 0.001/);
    await done('F_RECEIVER_SET_DATASTREAM', i32(1, 0));
    await says('client-title', /the next start would be refused$/);
    await says('client-modules', new RegExp(`${second} \\(off\\)`));
    await says('client-next', /refused: ports_off: port/);
    t.strictSame(browser.complaints, []);
  },
);

t.test('where no receivers are configured there is no such panel', { skip: noBrowser ?? false, timeout }, async (t) => {
  const running = await start(t, yaml);
  const browser = await Browser.start(1280, 1400);
  t.teardown(() => browser.close());
  await browser.open(`${running.service.apiUrl}/`);
  await until(
    async () => (await browser.evaluate<string>(`document.getElementById('name')?.textContent`)) === 'det',
    'the page',
  );
  t.equal(await browser.evaluate<boolean>(`document.getElementById('client').hidden`), true);
  t.strictSame(browser.complaints, [], 'nothing was asked for that is not there');
});
