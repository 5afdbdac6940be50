// Finding and making elements of the page.
// Tested by test/threads/page.test.ts.

/** The element with this id. @throws Error when index.html has none of this kind */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return element;
}

/** A new element with text or children. */
export function make(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** Set text, unless it is the same: what does not change can be marked and copied. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sentences as a list; hidden when there are none. */
export function setSentences(list: HTMLElement, sentences: readonly string[]): void {
  list.hidden = sentences.length === 0;
  const known = [...list.children].map((child) => child.textContent);
  if (known.length === sentences.length && known.every((text, index) => text === sentences[index])) return;
  list.replaceChildren(...sentences.map((sentence) => make('li', '', ...linked(sentence))));
}

/**
 * A sentence, its references to documents (`docs/operating.md#receive-buffer`) as links to where the service has them.
 */
export function linked(sentence: string): (Node | string)[] {
  return sentence.split(/(\bdocs\/[\w/-]+\.md(?:#[\w-]+)?)/).map((part, index) => {
    if (index % 2 === 0) return part;
    const link = document.createElement('a');
    link.href = part.replace('docs/', 'help/');
    link.target = '_blank';
    link.rel = 'noopener';
    link.textContent = part;
    return link;
  });
}

/** A bar filled to a share of its length. */
export function bar(share: number, className = ''): HTMLElement {
  const fill = make('span', 'fill');
  fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return make('span', `bar ${className}`.trim(), fill);
}
