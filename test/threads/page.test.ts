// The page in a real browser, before a running service with a simulated detector that loses packets: what it says, and
// that it never complains. Whether it looks well is for people to see.

import t from 'tap';
import { Browser, noBrowser } from './browser.js';
import { cssColour, palette, paletteLength } from '../../src/page/colours.js';
import { gapColour, saturatedColour } from '../../src/page/paint.js';
import { start } from './running.js';
import { until } from './waiting.js';

t.test(
  'the page shows a running series, is worked by mouse and keys, and complains of nothing',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const running = await start(t);
    const browser = await Browser.start(1280, 800);
    t.teardown(() => browser.close());
    const text = (id: string): Promise<string> =>
      browser.evaluate<string>(`document.getElementById(${JSON.stringify(id)})?.innerText ?? ''`);
    const says = (id: string, wanted: RegExp): Promise<void> =>
      until(async () => wanted.test(await text(id)), `#${id} says ${wanted}`);
    await browser.open(`${running.service.apiUrl}/`);

    await says('name', /^det$/);
    await says('state', /^idle$/);
    await says('message', /no consumer is connected/);
    t.equal(await text('no-frame'), 'No picture yet: it comes with the next frame that is sent.');

    // Armed by hand: refused without a consumer, with the remedy; then, with one, open.
    await browser.evaluate(
      'document.getElementById("frames").value = "2000"; document.getElementById("arm-button").click()',
    );
    await says('refusals', /consumer/);
    const before = browser.complaints.splice(0);
    t.ok(
      before.every((complaint) => complaint.includes('503')),
      'the browser itself notes the refusal',
    );
    const consumer = await running.consume();
    await until(
      () =>
        browser.evaluate<boolean>(
          'document.getElementById("stop-button").disabled && !document.getElementById("arm-button").disabled',
        ),
      'only arming is possible',
    );
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
    await says('problems', /lose packets: up to .* did not reach the socket.*docs\/operating\.md#packets-are-missing/);
    const first = await text('frame-number');
    await until(async () => (await text('frame-number')) !== first, 'another frame');
    t.equal(await browser.evaluate<number>('document.querySelectorAll("#ports tbody tr").length'), 2);
    await until(
      async () =>
        (await browser.evaluate<string>('document.getElementById("loss").getAttribute("aria-label") ?? ""')).includes(
          'at most',
        ) && !/at most 0 %/.test(await browser.evaluate('document.getElementById("loss").getAttribute("aria-label")')),
      'loss over time',
    );

    const box = await browser.evaluate<{ x: number; y: number; width: number; height: number }>(
      '(({ x, y, width, height }) => ({ x, y, width, height ' +
        '}))(document.getElementById("frame").getBoundingClientRect())',
    );
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

    await browser.evaluate(
      'for (const [id, value] of [["scale", "log"], ["map", "cividis"]]) { const control = ' +
        'document.getElementById(id); control.value = value; control.dispatchEvent(new Event("change")); }',
    );
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
    await says('doctor-verdict', /^Doctor: (all is well|.*(warning|failed))/);

    for (const width of [1280, 390]) {
      await browser.resize(width, 844, width < 500);
      t.ok(
        await browser.evaluate<boolean>('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
        `nothing sticks out at a width of ${width}`,
      );
    }
    const unreachable = await browser.evaluate<number>(
      '[...document.querySelectorAll("button, input, select, a[href], canvas#frame")].filter((element) => ' +
        'element.tabIndex < 0).length',
    );
    t.equal(unreachable, 0, 'all is reached by keys');
    t.strictSame(browser.complaints, [], 'nothing in the console');

    await running.stop();
    await says('lost', /No word from the service/);
    await says('state', /^unknown$/);
  },
);

t.test(
  'what is read and seen of a pixel is what was sent: value, gap or missing, in frame and port',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const running = await start(t);
    const browser = await Browser.start(1280, 800);
    t.teardown(() => browser.close());
    const consumer = await running.consume({ series: 1 });
    await running.arm({ frames: 3 });
    // Packet 5 of the last frame is lost on both ports: four rows of each port image.
    await running.simulate({ frames: 3, rate: 20, loss: '*:3:5' });
    await running.ended(1);
    await consumer.report;
    const last = running.service.view.lastFrame();
    const pixels = new Uint16Array((last?.pixels as Uint8Array).slice().buffer);
    const saturated = 65535;
    // Packet 5 has rows 20 to 23 of its port image; the upper port lies upside down.
    const isMissing = (row: number): boolean => (row >= 232 && row <= 235) || (row >= 278 && row <= 281);
    t.match(last?.header, { frame_number: 3, missing_packets: 2 });

    // Pixel numbers at the edges would be among the colours.
    await browser.open(`${running.service.apiUrl}/#axes=0`);
    const text = (id: string): Promise<string> =>
      browser.evaluate<string>(`document.getElementById(${JSON.stringify(id)})?.innerText ?? ''`);
    await until(async () => (await text('frame-number')).startsWith('3 '), 'the last frame');
    t.equal(await text('frame-verdict'), '2 packets missing');
    // A range that is set gives each value a colour that can be foretold.
    await browser.evaluate(
      'for (const [id, value] of [["low", "0"], ["high", "65534"]]) document.getElementById(id).value = value; ' +
        'const auto = document.getElementById("auto"); auto.checked = false; auto.dispatchEvent(new ' +
        'Event("change")); for (const id of ["low", "high"]) document.getElementById(id).value = id === "low" ? "0" ' +
        ': "65534"; document.getElementById("high").dispatchEvent(new Event("change"));',
    );
    // Measured anew each time: a sentence that comes or goes at the top moves everything.
    const box = (): Promise<{ x: number; y: number; width: number; height: number }> =>
      browser.evaluate(
        '(({ x, y, width, height }) => ({ x, y, width, height ' +
          '}))(document.getElementById("frame").getBoundingClientRect())',
      );
    const pointAt = async (pointX: number, pointY: number): Promise<string> => {
      const { x, y } = await box();
      await browser.mouse('mouseMoved', x + pointX, y + pointY);
      return text('reading');
    };
    // Zoomed in upon the middle until every pixel of the frame is some points wide: then blocks are pixels.
    await browser.evaluate('document.getElementById("frame").focus()');
    for (let press = 0; press < 10; press++) await browser.press('+');
    const colourAt = (pointX: number, pointY: number): Promise<number[]> =>
      browser.evaluate<number[]>(
        `[...document.getElementById("frame").getContext("2d").getImageData(${Math.floor(pointX)}, ` +
          `${Math.floor(pointY)}, 1, 1).data].slice(0, 3)`,
      );
    await until(async () => /^[\d,]+(?:: saturated)? · |^missing|^gap/.test(await pointAt(21, 21)), 'single pixels');

    const colours = palette('viridis');
    const seen = { value: 0, missing: 0, gap: 0 };
    const { width, height } = await box();
    for (let step = 0; step < 60; step++) {
      const [pointX, pointY] = [
        10 + Math.floor((width - 20) * ((step * 0.618) % 1)),
        step % 4 === 0 ? Math.floor(height / 2) : 10 + Math.floor((height - 20) * (step / 60)),
      ];
      const reading = await pointAt(pointX, pointY);
      const [, said, row, column] = /^(.+?) · row (\d+), column (\d+)/.exec(reading) ?? [];
      const isGap = [256, 257].includes(Number(row)) || [256, 257].includes(Number(column));
      const value = pixels[Number(row) * 514 + Number(column)];
      const colour = await colourAt(pointX, pointY);
      // At the edge of a pixel it depends on a fraction of a point whose colour is seen.
      const around = await Promise.all(
        [
          [-1, -1],
          [1, 1],
          [-1, 1],
          [1, -1],
        ].map(([dx = 0, dy = 0]) => colourAt(pointX + dx, pointY + dy)),
      );
      const lost = isMissing(Number(row)) && !isGap;
      const inMissing = [-1, 1].every((rows) => isMissing(Number(row) + rows));
      if (lost ? !inMissing : around.some((other) => other.join() !== colour.join())) continue;
      if (isGap) {
        seen.gap++;
        t.match(said, /^gap/, reading);
        t.strictSame(colour, [...gapColour], `${reading}: the colour of gaps`);
      } else if (lost) {
        seen.missing++;
        t.match(said, /^missing/, reading);
        t.ok(colour[0] > 180 && colour[2] > 90, `${reading}: stripes of white and crimson (${colour.join(' ')})`);
        t.ok(
          !Array.from({ length: paletteLength }, (_, at) => cssColour(colours, at)).includes(
            `rgb(${colour.join(' ')})`,
          ),
          `${reading}: no colour of a value`,
        );
      } else {
        seen.value++;
        t.equal(said, `${value.toLocaleString('en')}${value === saturated ? ': saturated' : ''}`, reading);
        if (value === saturated) {
          t.strictSame(colour, [...saturatedColour], reading);
          continue;
        }
        const wanted = Math.round((value / 65534) * 255) * 3;
        t.strictSame(colour, [...colours.subarray(wanted, wanted + 3)], `${reading}: the colour of its value`);
        t.match(
          reading,
          new RegExp(
            `port (${running.config.detector.udpPorts.join('|')}): row \\d+, column ` +
              `${Number(column) - (Number(column) > 257 ? 2 : 0)}\\b`,
          ),
          `${reading}: the same column of its port`,
        );
      }
    }
    t.ok(seen.value > 10 && seen.gap > 0, `pixels of each kind were looked at: ${JSON.stringify(seen)}`);
    // The missing rows lie away from the middle.
    await browser.press('0');
    const missingRow = 278;
    const whole = await box();
    const scale = Math.min(whole.width, whole.height) / 514;
    const [pointX, pointY] = [
      (whole.width - 514 * scale) / 2 + 100 * scale,
      (whole.height - 514 * scale) / 2 + (missingRow + 2) * scale,
    ];
    let reading = '';
    await until(
      async () => / · row \d+, column (99|100|101) /.test((reading = await pointAt(pointX, pointY))),
      'the whole frame',
    );
    t.match(reading, /^missing: not received · row \d+, column \d+ · port \d+: row \d+, column \d+/);
    const stripes = await colourAt(pointX, pointY);
    t.ok(stripes[0] > 180, `and striped (${stripes.join(' ')})`);
    // Received, with the value that stands for missing pixels.
    const hot = pixels.findIndex((value, index) => value === saturated && !isMissing(Math.floor(index / 514)));
    t.ok(hot >= 0, 'the formula has all values');
    const [hotX, hotY] = [
      (whole.width - 514 * scale) / 2 + ((hot % 514) + 0.5) * scale,
      (whole.height - 514 * scale) / 2 + (Math.floor(hot / 514) + 0.5) * scale,
    ];
    t.match(await pointAt(hotX, hotY), /saturated.* · row \d+/);
    t.strictSame(await colourAt(hotX, hotY), [...saturatedColour]);
    // Reading single colours back is this test's doing, not the page's.
    t.strictSame(
      browser.complaints.filter((complaint) => !complaint.includes('willReadFrequently')),
      [],
    );
  },
);
