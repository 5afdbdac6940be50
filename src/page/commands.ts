// Arming and stopping by hand, through the routes of the HTTP interface. What the service refuses is shown with its
// remedy.
// Tested by test/threads/page.test.ts.

import { armMembers } from './arm-fields.js';
import { byId, make, setSentences, setText } from './elements.js';
import type { State } from './messages.js';

const form = byId('arm', HTMLFormElement);
const filename = byId('filename', HTMLInputElement);
const frames = byId('frames', HTMLInputElement);
const force = byId('force', HTMLInputElement);
const token = byId('token', HTMLInputElement);
const tokenLabel = byId('token-label', HTMLElement);
const arm = byId('arm-button', HTMLButtonElement);
const stop = byId('stop-button', HTMLButtonElement);
const refusals = byId('refusals', HTMLElement);
const done = byId('done', HTMLElement);

/** Within this the second press must come, ms. */
const confirmMs = 4000;

function say(text: string): void {
  done.hidden = text === '';
  setText(done, text);
}

/** Kept while the tab is open. */
const tokenKey = 'vdcu-token';

token.value = sessionStorage.getItem(tokenKey) ?? '';
tokenLabel.hidden = token.value === '';
token.addEventListener('change', () => {
  sessionStorage.setItem(tokenKey, token.value.trim());
});

let busy = false;
let connected = false;
let open = false;
let confirmed: number | null = null;
/** The series that is open, and that a stop means; null = none that has a number. */
let series: number | null = null;
let shown: string | null = null;

/** Which commands make sense now. */
export function showCommands(state: State | null): void {
  connected = state !== null;
  // What was refused in another state may be possible now.
  if (state !== null && shown !== state.state) {
    if (shown !== null) setSentences(refusals, []);
    shown = state.state;
  }
  open = state !== null && (state.state !== 'idle' || state.series?.open === true);
  const now = state?.series?.open === true ? state.series.series_id : null;
  // The press before meant another series.
  if (now !== series) forgetPress();
  series = now;
  update();
}

function update(): void {
  arm.disabled = busy || !connected;
  stop.disabled = busy || !connected || !open;
  if (stop.disabled) forgetPress();
  setText(stop, confirmed === null ? 'Stop' : 'Really stop?');
}

function forgetPress(): void {
  if (confirmed !== null) window.clearTimeout(confirmed);
  confirmed = null;
}

/** @param body JSON; null = none @param query with its question mark */
async function command(method: 'POST' | 'DELETE', body: string | null, query = ''): Promise<unknown> {
  busy = true;
  setSentences(refusals, []);
  say('…');
  update();
  try {
    const headers = {
      ...(token.value.trim() === '' ? {} : { authorization: `Bearer ${token.value.trim()}` }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    };
    const response = await fetch(`api/v1/series${query}`, {
      method,
      headers,
      ...(body === null ? {} : { body }),
    });
    const answer = (await response.json()) as { problems?: string[] };
    if (response.ok) return answer;
    if (response.status === 401) tokenLabel.hidden = false;
    setSentences(refusals, answer.problems ?? [`the service answered ${response.status}`]);
  } catch {
    setSentences(refusals, ['The service did not answer. Is it running, and is the network there?']);
  } finally {
    busy = false;
    say('');
    update();
  }
  return null;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void (async () => {
    const usual = JSON.stringify({
      filename: filename.value.trim(),
      frames: frames.value === '' ? 0 : Number(frames.value),
      force: force.checked,
    });
    const answer = (await command('POST', `${usual.slice(0, -1)}${armMembers()}}`)) as {
      series_id: number;
      header_pending: boolean;
      warnings: readonly string[];
    } | null;
    if (answer !== null) {
      say(
        `Series ${answer.series_id} is open: start the ` +
          `detector.${answer.header_pending ? ' Its header waits for a consumer.' : ''}`,
      );
      setSentences(refusals, answer.warnings);
    }
  })();
});

stop.addEventListener('click', () => {
  if (confirmed === null) {
    // A running series is not ended by a slip of the hand.
    confirmed = window.setTimeout(() => {
      confirmed = null;
      update();
    }, confirmMs);
    update();
    return;
  }
  forgetPress();
  // That one or none: another may have been opened since it was shown.
  const query = series === null ? '' : `?series_id=${series}`;
  void (async () => {
    const answer = (await command('DELETE', null, query)) as {
      summary: { series_id: number; frames: number } | null;
    } | null;
    if (answer !== null)
      say(
        answer.summary === null
          ? 'No series was open.'
          : `Series ${answer.summary.series_id} has ended with ${answer.summary.frames} frames.`,
      );
  })();
});

/** Explain the form for services that open series by themselves. */
export function explainCommands(series: 'armed' | 'auto'): void {
  byId('arm-note', HTMLElement).replaceChildren(
    ...(series === 'auto'
      ? [make('span', '', 'This service also opens series by itself, with the first packets.')]
      : []),
  );
}
