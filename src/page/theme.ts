// Light or dark: as the system has it, unless the viewer chose. Charts take their colours from the style sheet.
// Tested by test/threads/page-data.test.ts.

import { byId, setText } from './elements.js';

const key = 'vdcu-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

export const chartFont = '11px system-ui, "DejaVu Sans", sans-serif';

/** A custom property of the style sheet, as it is now. */
export const cssValue = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const isDark = (): boolean => (localStorage.getItem(key) ?? (system.matches ? 'dark' : 'light')) === 'dark';

/** @param onChange what was drawn has other colours now */
export function watchTheme(onChange: () => void): void {
  const button = byId('theme', HTMLButtonElement);
  const show = (): void => {
    document.documentElement.dataset['theme'] = isDark() ? 'dark' : 'light';
    setText(button, isDark() ? 'Light' : 'Dark');
    onChange();
  };
  button.addEventListener('click', () => {
    localStorage.setItem(key, isDark() ? 'light' : 'dark');
    show();
  });
  system.addEventListener('change', show);
  show();
}
