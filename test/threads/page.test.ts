// The page in a real browser, before a running service with a simulated detector that loses packets: what it says, and that it never
// complains. Whether it looks well is for people to see.

import t from 'tap';
import { Browser, noBrowser } from './browser.js';
import { start } from './running.js';
import { until } from './waiting.js';

t.test('the page shows a running series, is worked by mouse and keys, and complains of nothing', { skip: noBrowser ?? false, timeout: 120_000 }, async (t) => {
  const running = await start(t);
  const browser = await Browser.start(1280, 800);
  t.teardown(() => browser.close());
  const text = (id: string): Promise<string> => browser.evaluate<string>(`document.getElementById(${JSON.stringify(id)})?.innerText ?? ''`);
  const says = (id: string, wanted: RegExp): Promise<void> => until(async () => wanted.test(await text(id)), `#${id} says ${wanted}`);
  await browser.open(`${running.service.apiUrl}/`);

  await says('name', /^det$/);
  await says('state', /^idle$/);
  await says('message', /no consumer is connected/);
  t.equal(await text('no-frame'), 'No frame has been sent yet.');

  // Armed by hand: refused without a consumer, with the remedy; then, with one, open.
  await browser.evaluate('document.getElementById("frames").value = "2000"; document.getElementById("arm-button").click()');
  await says('refusals', /consumer/);
  const before = browser.complaints.splice(0);
  t.ok(before.every((complaint) => complaint.includes('503')), 'the browser itself notes the refusal');
  const consumer = await running.consume();
  await until(() => browser.evaluate<boolean>('document.getElementById("stop-button").disabled && !document.getElementById("arm-button").disabled'), 'only arming is possible');
  await browser.evaluate('document.getElementById("arm-button").click()');
  await says('done', /^Series 1 is open: start the detector/);
  t.equal(await text('refusals'), '');

  const end = new AbortController();
  const sending = running.simulate({ frames: 2000, rate: 40, loss: '0.01', signal: end.signal });
  await says('state', /^open$/);
  await says('frame-number', /^\d+ \(index \d+\)$/);
  await says('series-facts', /[1-9]\d* incomplete/);
  await says('frame-age', /^0\.\d s old$/);
  await says('frame-rate', /^[1-9]/);
  await says('waterfall', /unexplained\s+[1-9]/);
  const first = await text('frame-number');
  await until(async () => (await text('frame-number')) !== first, 'another frame');
  t.equal(await browser.evaluate<number>('document.querySelectorAll("#ports tbody tr").length'), 2);
  await until(async () => (await browser.evaluate<string>('document.getElementById("loss").getAttribute("aria-label") ?? ""')).includes('at most') && !/at most 0 %/.test(await browser.evaluate('document.getElementById("loss").getAttribute("aria-label")')), 'loss over time');

  const box = await browser.evaluate<{ x: number; y: number; width: number; height: number }>('(({ x, y, width, height }) => ({ x, y, width, height }))(document.getElementById("frame").getBoundingClientRect())');
  const [x, y] = [box.x + box.width / 2 + 30, box.y + box.height / 2 + 40];
  await browser.mouse('mouseMoved', x, y);
  await says('reading', /^([\d,.]+|missing).* · row \d+, column \d+ · port \d+: row \d+, column \d+/);
  const far = await text('reading');
  await browser.mouse('mouseWheel', x, y, -600);
  await browser.mouse('mouseMoved', x, y);
  const where = (reading: string): string => / · row \d+, column \d+/.exec(reading)?.[0] ?? '';
  t.equal(where(await text('reading')), where(far), 'the pixel under the cursor stays there while zooming');

  await browser.evaluate('document.getElementById("frame").focus()');
  await browser.press('0');
  await browser.press('ArrowRight', 8);
  const keyed = await text('reading');
  await browser.press('ArrowRight', 8);
  await until(async () => where(await text('reading')) !== where(keyed), 'the cursor moves by keys');

  await browser.evaluate('for (const [id, value] of [["scale", "log"], ["map", "cividis"]]) { const control = document.getElementById(id); control.value = value; control.dispatchEvent(new Event("change")); }');
  await says('bar-low', /^[1-9]/);

  // A stop takes two presses.
  await browser.evaluate('document.getElementById("stop-button").click()');
  await says('stop-button', /Really stop/);
  t.equal(running.status().state, 'open');
  await browser.evaluate('document.getElementById("stop-button").click()');
  await says('done', /^Series 1 has ended with \d+ frames/);
  await says('series-title', /^Last series: 1$/);
  end.abort();
  await sending;
  await consumer.vanish();
  await says('message', /no consumer/);

  for (const width of [1280, 390]) {
    await browser.resize(width, 844);
    t.ok(await browser.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth'), `nothing sticks out at a width of ${width}`);
  }
  const unreachable = await browser.evaluate<number>('[...document.querySelectorAll("button, input, select, a[href], canvas#frame")].filter((element) => element.tabIndex < 0).length');
  t.equal(unreachable, 0, 'all is reached by keys');
  t.strictSame(browser.complaints, [], 'nothing in the console');

  await running.stop();
  await says('lost', /No word from the service/);
});
