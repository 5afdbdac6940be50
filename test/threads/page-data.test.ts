// The page as a means to look at data, in a real browser before a running service: every figure that it shows is held
// against the pixels that were sent.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Test } from 'tap';
import { quadYaml, start } from './running.js';
import type { Running } from './running.js';
import { Browser, noBrowser } from './browser.js';
import { until } from './waiting.js';

const side = 514;

interface Opened {
  readonly running: Running;
  readonly browser: Browser;
  text(id: string): Promise<string>;
  says(id: string, wanted: RegExp): Promise<void>;
  /** Set a control as a person would. */
  set(id: string, value: string | boolean): Promise<void>;
  click(id: string): Promise<void>;
}

/** A service that has sent six frames, the fourth without packet 5 of both ports, and a browser on its page. */
async function opened(t: Test, hash = ''): Promise<Opened> {
  const running = await start(t);
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 6 });
  await running.simulate({ frames: 6, rate: 20, loss: '*:4:5' });
  await running.ended(1);
  await consumer.report;
  const browser = await Browser.start(1280, 1400);
  t.teardown(() => browser.close());
  await browser.open(`${running.service.apiUrl}/${hash}`);
  const element = (id: string): string => `document.getElementById(${JSON.stringify(id)})`;
  const text = (id: string): Promise<string> => browser.evaluate<string>(`${element(id)}?.textContent ?? ''`);
  const page: Opened = {
    running,
    browser,
    text,
    says: (id, wanted) => until(async () => wanted.test(await text(id)), `#${id} says ${wanted}`),
    set: (id, value) =>
      browser.evaluate(
        `(() => { const control = ${element(id)}; control.${typeof value === 'boolean' ? 'checked' : 'value'} = ` +
          `${JSON.stringify(value)}; control.dispatchEvent(new Event('change')); })()`,
      ),
    click: (id) => browser.evaluate(`${element(id)}.click()`),
  };
  await page.says('frame-number', /^6 /);
  return page;
}

/** Pixels of a frame as they were sent, by HTTP. */
async function pixelsOf(running: Running, frame: string): Promise<Uint16Array> {
  const bytes = await (await running.fetch('GET', `/api/v1/frames/${frame}`)).arrayBuffer();
  const headBytes = new DataView(bytes).getUint16(8, true);
  return new Uint16Array(bytes.slice(10 + headBytes));
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds fault with, in words. */
async function findings(browser: Browser): Promise<string[]> {
  await browser.evaluate(`${axe}; undefined`);
  return browser.evaluate<string[]>(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => ' +
      'violations.flatMap(({ id, nodes }) => nodes.map(' +
      '({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`)))',
  );
}

t.test(
  'sum, mean and largest value of a rectangle are those of all its pixels, however small the picture is',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t, '#rectangle=40,10,269,480');
    const pixels = await pixelsOf(page.running, 'latest');
    let sum = 0;
    let largest = 0;
    let values = 0;
    for (let row = 40; row <= 269; row++) {
      for (let column = 10; column <= 480; column++) {
        if ([256, 257].includes(row) || [256, 257].includes(column)) continue;
        const value = pixels[row * side + column];
        sum += value;
        values++;
        largest = Math.max(largest, value);
      }
    }
    const mean = sum / values;
    const said = (value: number): string =>
      new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value).replaceAll(',', ',');
    await page.says('region-words', /largest/);
    const words = await page.text('region-words');
    t.match(words, `230 × 471 pixels`);
    t.match(words, `sum ${said(sum)}`);
    t.match(words, `mean ${said(mean)}`);
    t.match(words, `largest ${said(largest)}`);

    await page.click('frame-back');
    await page.click('frame-back');
    await page.says('frame-number', /^4 /);
    await page.says('region-words', /[1-9][\d,]* missing/);
    t.strictSame(page.browser.complaints, []);
  },
);

t.test(
  'a frozen picture stays, goes back and forth through the ring, and says when a frame is not there',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t);
    t.equal(await page.text('frame-title'), 'Last frame');
    await page.click('frame-back');
    await page.says('frame-number', /^5 \(index 4\)/);
    t.equal(await page.text('frame-title'), 'Frame');
    t.equal(await page.browser.evaluate('document.getElementById("frozen").hidden'), false);
    t.equal(
      (await page.browser.evaluate<string>('document.getElementById("save-npy").getAttribute("href")')).replace(
        /\d+$/,
        'N',
      ),
      'api/v1/frames/index-4?msg_number=N',
    );
    await page.click('frame-back');
    await page.says('frame-verdict', /^2 packets missing/);
    await page.click('frame-on');
    await page.click('frame-on');
    await page.says('frame-number', /^6 /);
    t.strictSame(page.browser.complaints, []);
    await page.click('frame-on');
    await page.says('frame-error', /not sent yet in this series/);
    t.ok(page.browser.complaints.splice(0).every((complaint) => complaint.includes('404')));
    await page.click('freeze');
    await page.says('frame-title', /^Last frame$/);
    await page.says('frame-error', /^$/);
    t.strictSame(page.browser.complaints, []);
  },
);

t.test(
  'a frozen picture never becomes that of another series; what is summed up are frames of one series, each once',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t);
    const { running } = page;
    await page.set('combination', 'sum');
    await page.set('combined-frames', '4');
    for (let turn = 0; turn < 4; turn++) {
      await page.click('freeze');
      await page.says('frame-title', turn % 2 === 0 ? /^Frame$/ : /^Last frame$/);
    }
    t.equal(await page.text('combined'), '', 'the frame that is shown again is not added to itself');
    await page.set('combination', 'single');

    await page.click('frame-back');
    await page.says('frame-number', /^5 \(index 4\)/);
    t.equal(await page.text('frame-verdict'), 'complete');
    const npy = await page.browser.evaluate<string>('document.getElementById("save-npy").getAttribute("href")');
    const consumer = await running.consume({ series: 1 });
    await running.arm({ frames: 6 });
    await running.simulate({ frames: 6, rate: 20, loss: '*:5:9' });
    await running.ended(2);
    await consumer.report;
    t.equal((await running.fetch('GET', `/${npy}`)).status, 410);
    t.match(await page.text('frame-number'), /^5 \(index 4\)/);
    await page.click('zoom-in');
    await page.says('frame-error', /given to a newer frame/);
    await page.click('frame-on');
    await page.click('frame-on');
    await page.says('frame-error', /given to a newer frame/);
    t.match(await page.text('frame-number'), /^5 \(index 4\)/);
    t.equal(await page.text('frame-verdict'), 'complete', 'that of the next series lacks two packets');
    await page.click('freeze');
    await page.says('frame-number', /^6 \(index 5\)/);
    t.ok(page.browser.complaints.splice(0).every((complaint) => complaint.includes('410')));
  },
);

t.test(
  'the range is set by the handles of the histogram, by hand and by keys, and all that is set is in the address',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t, '#scale=sqrt&map=magma&inverted=1');
    t.equal(await page.browser.evaluate('document.getElementById("scale").value'), 'sqrt');
    t.equal(await page.browser.evaluate('document.getElementById("map").value'), 'magma');
    const hash = (): Promise<string> => page.browser.evaluate<string>('location.hash');
    const before = Number(await page.browser.evaluate('document.getElementById("low").value'));
    await page.browser.evaluate('document.getElementById("range-low").focus()');
    await page.browser.press('ArrowRight', 0);
    await until(async () => /range=/.test(await hash()), 'a range in the address');
    const after = Number(await page.browser.evaluate('document.getElementById("low").value'));
    t.ok(after > before, `${before} → ${after}`);
    t.equal(await page.browser.evaluate('document.getElementById("auto").checked'), false);

    const handle = await page.browser.evaluate<{ x: number; y: number }>(
      '(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 ' +
        '}))(document.getElementById("range-high").getBoundingClientRect())',
    );
    await page.browser.mouse('mousePressed', handle.x, handle.y);
    await page.browser.mouse('mouseMoved', handle.x - 200, handle.y);
    await page.browser.mouse('mouseReleased', handle.x - 200, handle.y);
    const high = Number(/range=[\d.]+,([\d.]+)/.exec(await hash())?.[1]);
    t.ok(high > 0 && high < 65535, `dragged to ${high}`);

    for (const [id, value] of [
      ['ports-drawn', true],
      ['profiles-drawn', true],
      ['line', '3,4,500,501'],
      ['centre', '256.5,250'],
      ['rings', '200, 50'],
    ] as const)
      await page.set(id, value);
    t.match(await hash(), /ports=1&profiles=1&range=[\d.,]+&line=3,4,500,501&centre=256\.5,250&rings=50,200$/);
    await page.set('line', 'from here to there');
    t.equal(await page.browser.evaluate('document.getElementById("line").getAttribute("aria-invalid")'), 'true');
    const address = await hash();
    await page.browser.open(`${page.running.service.apiUrl}/${address}`);
    await page.says('frame-number', /^6 /);
    t.equal(await hash(), address, 'a link shows the same');
    t.strictSame(page.browser.complaints, []);
  },
);

t.test(
  'what is drawn on the image is measured: a line has the values of its pixels, a drag sets the rectangle',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t, '#line=10,20,10,60&tool=rectangle');
    const pixels = await pixelsOf(page.running, 'latest');
    await page.browser.evaluate('document.getElementById("measuring").open = true');
    const along = Array.from({ length: 41 }, (_, step) => pixels[10 * side + 20 + step]);
    await until(
      async () =>
        (await page.browser.evaluate<string>('document.getElementById("line-chart").getAttribute("aria-label")')) ===
        `41 values, at most ${Math.max(...along).toLocaleString('en')}`,
      'the largest value of the line',
    );
    const box = await page.browser.evaluate<{ x: number; y: number; width: number; height: number }>(
      '(({ x, y, width, height }) => ({ x, y, width, height ' +
        '}))(document.getElementById("frame").getBoundingClientRect())',
    );
    const scale = Math.min(box.width, box.height) / side;
    const at = (row: number, column: number): [number, number] => [
      box.x + (box.width - side * scale) / 2 + (column + 0.5) * scale,
      box.y + (box.height - side * scale) / 2 + (row + 0.5) * scale,
    ];
    await page.browser.mouse('mousePressed', ...at(100, 120));
    await page.browser.mouse('mouseMoved', ...at(150, 180));
    await page.browser.mouse('mouseReleased', ...at(150, 180));
    const said = await page.browser.evaluate<string>('document.getElementById("rectangle").value');
    const corners = said.split(',').map(Number);
    for (const [index, wanted] of [100, 120, 150, 180].entries()) t.ok(Math.abs(corners[index] - wanted) <= 2, said);
    await page.says('region-words', /^5\d × 6\d pixels/);
    t.strictSame(page.browser.complaints, []);
  },
);

t.test(
  'series before are listed with their ledgers; an arm request has all fields of the service; progress is shown',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t);
    await page.browser.evaluate('document.getElementById("past").open = true');
    await page.says('past-list', /^1 · no file · 6 frames, 1 incomplete/);
    t.match(await page.text('past-list'), /expected768− unexplained2 /);
    await page.browser.evaluate('document.getElementById("more-arm").open = true');
    await page.says('more-fields', /first_frame_number.*frame_period_ms.*metadata.*dynamic_range.*read_n_rows/);
    const consumer = await page.running.consume();
    await page.browser.evaluate(
      '(() => { const field = (key) => [...document.querySelectorAll("#more-fields label")].find(' +
        '({ textContent }) => textContent.startsWith(key)).querySelector("input, textarea"); ' +
        'field("frame_period_ms").value = "200"; ' +
        `field("metadata").value = '{"run": 1795920955104000123}'; ` +
        'document.getElementById("frames").value = "40"; })()',
    );
    await page.click('arm-button');
    await page.says('done', /^Series 2 is open/);
    const sent = page.running.simulate({ frames: 40, rate: 20 });
    await page.says('progress-words', /% sent/);
    t.equal(await page.browser.evaluate('document.getElementById("progress-box").hidden'), false);
    await sent;
    await page.running.ended(2);
    const [report] = await Promise.all([consumer.vanish()]);
    t.ok(JSON.stringify(report).length > 0);
    await page.says('past-list', /^2 · /);
    t.strictSame(page.browser.complaints, []);
  },
);

t.test(
  'axe finds nothing, in light and dark, with everything open, on a screen and on a phone',
  { skip: noBrowser ?? false, timeout: 180_000 },
  async (t) => {
    const page = await opened(
      t,
      '#ports=1&profiles=1&rectangle=40,10,269,480&line=10,20,10,60&centre=250,250&rings=50',
    );
    await page.browser.evaluate('for (const box of document.querySelectorAll("details")) box.open = true');
    await page.says('more-fields', /metadata/);
    await page.says('past-list', /^1 · /);
    for (const theme of ['light', 'dark']) {
      if ((await page.browser.evaluate('document.documentElement.dataset.theme')) !== theme) await page.click('theme');
      t.equal(await page.browser.evaluate('document.documentElement.dataset.theme'), theme);
      t.strictSame(await findings(page.browser), [], theme);
    }
    for (const width of [1280, 390]) {
      await page.browser.resize(width, 844, width < 500);
      t.ok(
        await page.browser.evaluate<boolean>(
          'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
        ),
        `nothing sticks out at a width of ${width}`,
      );
    }
    t.strictSame(page.browser.complaints, []);
  },
);

t.test(
  'a page that stays open while the service is started anew shows the new frames, and their age',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t);
    const { running } = page;
    await page.click('freeze');
    const port = new URL(running.service.apiUrl).port;
    await running.stop();
    await page.says('lost', /No word from the service/);
    const again = await start(t, `${quadYaml}\napi_port: ${port}`);
    const consumer = await again.consume({ series: 1 });
    await again.arm({ frames: 2 });
    await again.simulate({ frames: 2, rate: 20 });
    await again.ended(1);
    await consumer.report;
    await page.says('frame-number', /^2 /);
    t.match(await page.text('freeze'), /^Freeze$/, 'it goes on by itself');
    t.notMatch(await page.text('frame-age'), /min|hour/);
  },
);

t.test(
  'the second press of Stop ends the series that the first one meant, or none',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const page = await opened(t);
    const { running } = page;
    const consumer = await running.consume({});
    await running.arm({ frames: 100 });
    await page.says('series-title', /2/);
    await page.click('stop-button');
    await page.says('stop-button', /Really stop/);
    t.equal((await running.fetch('DELETE', '/api/v1/series?series_id=2')).status, 200);
    t.equal((await running.arm({ frames: 100 })).status, 201);
    await page.says('series-title', /3/);
    await page.click('stop-button');
    await page.says('stop-button', /Really stop/);
    t.match(running.status(), { state: 'open', series: { series_id: 3 } });
    await page.click('stop-button');
    await page.says('done', /^Series 3 has ended/);
    await consumer.vanish();
  },
);
