// The overview of several services in a real browser: one that runs, one that does not.

import t from 'tap';
import { Browser, noBrowser } from './browser.js';
import { start } from './running.js';
import { until } from './waiting.js';
import { vdcuProcess } from './process.js';

t.test(
  'the overview shows each service, what it does and what is wrong, and leads to its page',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const running = await start(t);
    const command = vdcuProcess(t, ['overview', '--port', '0', running.service.apiUrl, 'http://127.0.0.1:9']);
    const said = /http:\/\/127\.0\.0\.1:\d+\//;
    await until(() => said.test(command.stdout), 'the address of the page');
    const [url] = said.exec(command.stdout) as RegExpExecArray;
    const browser = await Browser.start(1000, 700);
    t.teardown(() => browser.close());
    await browser.open(url);
    const text = (id: string): Promise<string> =>
      browser.evaluate<string>(`document.getElementById(${JSON.stringify(id)})?.innerText ?? ''`);
    await until(async () => /det\s+idle\s+idle: no consumer/.test(await text('services')), 'the service that runs');
    await until(async () => /no answer/.test(await text('services')), 'the one that does not');
    t.match(await text('overview-verdict'), /^\d of 2 with a problem\.$/);
    t.equal(await browser.evaluate('document.querySelector("#services a").href'), `${running.service.apiUrl}/`);
    t.strictSame(browser.complaints, []);
    t.equal(await browser.evaluate('document.getElementById("lost").hidden'), true);
    command.child.kill('SIGSTOP');
    const lost = (): Promise<boolean> => browser.evaluate('!document.getElementById("lost").hidden');
    await until(lost, 'that it hangs');
    command.child.kill('SIGCONT');
    await until(async () => !(await lost()), 'that it answers again');
    browser.complaints.length = 0;
    command.child.kill('SIGINT');
    t.equal(await command.code(), 0);
  },
);
