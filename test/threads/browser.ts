// A real browser without a screen: Debian's Chromium, driven by its debugging protocol over a pipe (file descriptors 3
// and 4, one JSON message after the other, each ended by a zero byte).

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { programNamed } from '../programs.js';
import { generousMs, within } from './waiting.js';

const chromium = programNamed('chromium');

/** Why there is no browser here; null = there is one. */
export const noBrowser = chromium === null ? 'chromium is not installed: the page was not tried in a browser' : null;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class Browser {
  /** What pages wrote to their console as warning or error, threw, or could not load. */
  readonly complaints: string[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #answers = new Map<number, { resolve(result: Record<string, unknown>): void; reject(error: Error): void }>();
  #id = 0;
  #session: string | undefined;
  #text = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
  }

  /** Start a browser with one empty page of this size. */
  static async start(width: number, height: number): Promise<Browser> {
    const folder = await mkdtemp(join(tmpdir(), 'vdcu-browser-'));
    const child = spawn(
      chromium as string,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--remote-debugging-pipe',
        `--user-data-dir=${folder}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    const browser = new Browser(child, folder);
    const { targetInfos } = await browser.#send('Target.getTargets', {});
    const page = (targetInfos as { targetId: string; type: string }[]).find(({ type }) => type === 'page');
    const targetId =
      page?.targetId ?? ((await browser.#send('Target.createTarget', { url: 'about:blank' }))['targetId'] as string);
    const { sessionId } = await browser.#send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.#send(`${domain}.enable`, {});
    await browser.resize(width, height);
    return browser;
  }

  /** @param phone as a phone shows it: scroll bars take no room, and fingers point */
  async resize(width: number, height: number, phone = false): Promise<void> {
    await this.#send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: phone ? 2 : 1,
      mobile: phone,
    });
  }

  async open(url: string): Promise<void> {
    await this.#send('Page.navigate', { url });
  }

  /** Value of a JavaScript expression in the page; promises are awaited. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: Value }).value;
  }

  /** A key pressed and let go; `modifiers` 8 = Shift. */
  async press(key: string, modifiers = 0): Promise<void> {
    const text = key.length === 1 ? { text: key } : key === 'Enter' ? { text: '\r' } : {};
    const code = { Tab: 9, Enter: 13, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 }[key];
    const shared = { key, code: key, modifiers, ...(code === undefined ? {} : { windowsVirtualKeyCode: code }) };
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...shared, ...text });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...shared });
  }

  async mouse(
    type: 'mouseMoved' | 'mousePressed' | 'mouseReleased' | 'mouseWheel',
    x: number,
    y: number,
    deltaY = 0,
  ): Promise<void> {
    await this.#send('Input.dispatchMouseEvent', {
      type,
      x,
      y,
      ...(type === 'mouseWheel'
        ? { deltaX: 0, deltaY }
        : { button: type === 'mouseMoved' ? 'none' : 'left', clickCount: 1 }),
    });
  }

  /** PNG of the whole page. */
  async screenshot(whole = true): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
    return Buffer.from(data as string, 'base64');
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await within(gone, 'the end of the browser');
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    const answer = new Promise<Record<string, unknown>>((resolve, reject) =>
      this.#answers.set(id, { resolve, reject }),
    );
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return within(answer, `the browser's answer to ${method}`, 2 * generousMs);
  }

  #read(chunk: string): void {
    const texts = (this.#text + chunk).split('\0');
    this.#text = texts.pop() as string;
    for (const text of texts) this.#take(JSON.parse(text) as Message);
  }

  #take({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#answers.get(id);
      this.#answers.delete(id);
      if (error === undefined) waiting?.resolve(result ?? {});
      else waiting?.reject(new Error(error.message));
      return;
    }
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params));
    else if (
      method === 'Runtime.consoleAPICalled' &&
      ['error', 'warning', 'assert'].includes(params?.['type'] as string)
    )
      this.complaints.push(JSON.stringify(params));
    else if (
      method === 'Log.entryAdded' &&
      ['error', 'warning'].includes((params?.['entry'] as { level: string }).level)
    )
      this.complaints.push(JSON.stringify(params));
  }
}
