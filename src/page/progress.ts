// How far a series with a number of frames is, and how long it will take.
// Tested by test/threads/page-data.test.ts.

import { byId, setText } from './elements.js';
import type { State } from './messages.js';
import { ageText, shareText } from './words.js';

const box = byId('progress-box', HTMLElement);
const bar = byId('progress', HTMLProgressElement);
const words = byId('progress-words', HTMLElement);

export function showProgress({ series, rates }: State): void {
  const known = series !== null && series.open && series.frames > 0;
  box.hidden = !known;
  if (!known) return;
  const share = Math.min(1, series.images_sent / series.frames);
  bar.value = share;
  const rate = rates?.frames_per_second ?? 0;
  const left = rate > 0 ? `, ${ageText(((series.frames - series.images_sent) / rate) * 1000)} left at this rate` : '';
  setText(words, `${shareText(share)} sent${left}`);
}
