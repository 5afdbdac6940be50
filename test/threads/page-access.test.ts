// Page and documentation in a real browser, before a service with a token: what the browser's own rules
// (Content-Security-Policy, Origin) leave of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { viewerLimit } from '../../src/http/page/events.js';
import { Browser, noBrowser } from './browser.js';
import { quadYaml, start } from './running.js';
import { until } from './waiting.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
const file = join(folder, 'token');
writeFileSync(file, 'a-token-of-some-length\n');
t.teardown(() => {
  rmSync(folder, { recursive: true });
});

t.test(
  'the page asks for the token and arms with it; the documentation works; neither breaks a rule of the browser',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const running = await start(t, `${quadYaml}\napi_token_file: ${file}`);
    const browser = await Browser.start(1280, 800);
    t.teardown(() => browser.close());
    const click = (): Promise<unknown> => browser.evaluate('document.getElementById("arm-button").click()');
    const refused = (wanted: RegExp): Promise<void> =>
      until(
        async () => wanted.test(await browser.evaluate<string>('document.getElementById("refusals").innerText')),
        `the page says ${wanted}`,
      );

    await browser.open(`${running.service.apiUrl}/`);
    await until(
      () => browser.evaluate<boolean>('document.getElementById("arm-button")?.disabled === false'),
      'arming is possible',
    );
    t.equal(await browser.evaluate('document.getElementById("token-label").hidden'), true);
    await click();
    await refused(/needs a token/);
    t.equal(await browser.evaluate('document.getElementById("token-label").hidden'), false);
    await browser.evaluate(
      '(() => { const token = document.getElementById("token"); token.value = "a-token-of-some-length"; ' +
        'token.dispatchEvent(new Event("change")); })()',
    );
    await click();
    await refused(/no consumer/);
    const consumer = await running.consume();
    await until(
      () => browser.evaluate<boolean>('document.getElementById("arm-button")?.disabled === false'),
      'arming is possible again',
    );
    await click();
    await until(() => Promise.resolve(running.status().state === 'open'), 'the series is open');
    await consumer.vanish();
    const complaints = browser.complaints.splice(0);
    t.ok(
      complaints.every((complaint) => /401|503/.test(complaint)),
      `the browser notes the refusals and nothing else: ${complaints.join('; ')}`,
    );

    await browser.open(`${running.service.apiUrl}/docs`);
    await until(
      async () => (await browser.evaluate<number>('document.querySelectorAll(".opblock").length')) > 10,
      'the routes in the documentation',
    );
    t.equal(
      await browser.evaluate('document.querySelector(".authorize") !== null'),
      true,
      'a token can be given there',
    );
    t.strictSame(browser.complaints, [], 'nothing in the console');
  },
);

t.test(
  'a page that is one too many says so, and connects when another leaves',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const running = await start(t);
    const leaving = new AbortController();
    t.teardown(() => leaving.abort());
    const viewers = await Promise.all(
      Array.from({ length: viewerLimit }, () =>
        fetch(`${running.service.apiUrl}/page/events`, { signal: leaving.signal }),
      ),
    );
    t.ok(viewers.every(({ ok }) => ok));
    const browser = await Browser.start(1280, 800);
    t.teardown(() => browser.close());
    await browser.open(`${running.service.apiUrl}/`);
    const lost = (): Promise<string> =>
      browser.evaluate<string>('document.getElementById("lost")?.innerText ?? "not there yet"');
    await until(async () => /^events: too many viewers are connected, 32 at most/.test(await lost()), 'why');
    await until(
      () => browser.evaluate<boolean>('document.body.dataset.state === "unknown"'),
      'what the service does is not known',
    );
    leaving.abort();
    await until(() => browser.evaluate<boolean>('document.getElementById("lost").hidden'), 'it is connected');
    t.equal(await browser.evaluate('document.body.dataset.state'), 'idle');
  },
);
