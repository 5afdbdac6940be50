// The page in a real browser, behind a proxy that shows the service under a path: events, previews, orders and every
// link work there, and nothing is asked of the proxy elsewhere.

import t from 'tap';
import { underPath } from '../http/reverse-proxy.js';
import { Browser, noBrowser } from './browser.js';
import { start } from './running.js';
import { until } from './waiting.js';

t.test(
  'behind a proxy that shows it under a path the page shows frames, takes orders, and its links lead somewhere',
  { skip: noBrowser ?? false, timeout: 300_000 },
  async (t) => {
    const running = await start(t);
    const { home, strays } = await underPath(t, running.service.apiUrl);
    const browser = await Browser.start(1280, 800);
    t.teardown(() => browser.close());
    const text = (id: string): Promise<string> =>
      browser.evaluate<string>(`document.getElementById(${JSON.stringify(id)})?.innerText ?? ''`);
    const says = (id: string, wanted: RegExp): Promise<void> =>
      until(async () => wanted.test(await text(id)), `#${id} says ${wanted}`, 60_000);

    await browser.open(home);
    await says('name', /^det$/);
    await says('state', /^idle$/);

    const consumer = await running.consume();
    await says('message', /^(?!.*no consumer)/);
    await until(
      () => browser.evaluate<boolean>('!document.getElementById("arm-button").disabled'),
      'arming is possible',
      60_000,
    );
    await browser.evaluate(
      'document.getElementById("frames").value = "40"; document.getElementById("arm-button").click()',
    );
    await says('done', /^Series 1 is open: start the detector/);
    await running.simulate({ frames: 40, rate: 40, loss: '0.01' });
    await running.ended(1);
    await consumer.vanish();
    await says('series-title', /^Last series: 1$/);
    await says('frame-number', /^\d+ \(index \d+\)$/);
    const drawn =
      '(() => { const { width, height } = document.getElementById("frame"); const { data } = ' +
      'document.getElementById("frame").getContext("2d").getImageData(0, 0, width, height); ' +
      'return new Set(new Uint32Array(data.buffer)).size; })()';
    await until(async () => (await browser.evaluate<number>(drawn)) > 10, 'the frame is drawn', 60_000);

    // Those of sentences, too: a series that lost packets has some.
    const hrefs = (selector: string): Promise<string[]> =>
      browser.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map(({ href }) => href)`);
    for (const link of await hrefs('a[download]')) {
      t.ok(link.startsWith(home), link);
      t.equal((await fetch(link)).status, 200, `${link} can be had`);
    }
    const links = await hrefs('a[href]:not([download])');
    t.ok(
      links.some((link) => link.startsWith(`${home}help/operating.md#`)),
      `sentences lead to their chapters: ${links.join(' ')}`,
    );
    for (const link of new Set(links)) {
      if (!link.startsWith(new URL(home).origin)) continue;
      t.ok(link.startsWith(home), link);
      await browser.open(link);
      // Some are drawn by a script, when they are there already.
      await until(
        () =>
          browser.evaluate<boolean>(
            `location.href === ${JSON.stringify(link)} && document.readyState === "complete" && ` +
              '(document.body?.innerText ?? "").length > 50',
          ),
        `${link} shows something`,
        60_000,
      );
      const { hash } = new URL(link);
      if (hash !== '' && link.includes('/help/'))
        t.ok(
          await browser.evaluate<boolean>(`document.getElementById(${JSON.stringify(hash.slice(1))}) !== null`),
          `${link}: the chapter is there`,
        );
    }
    t.strictSame(browser.complaints, []);
    t.strictSame(strays, []);
  },
);
