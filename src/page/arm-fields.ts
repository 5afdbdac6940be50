// The further fields of an arm request, made from the service's own description of it (openapi.json), so that the page
// knows each one that the service knows.
// Tested by test/threads/page-data.test.ts.

import { byId, make } from './elements.js';

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
}

interface Description {
  readonly paths: {
    readonly '/api/v1/series': {
      readonly post: {
        readonly requestBody: {
          readonly content: {
            readonly 'application/json': { readonly schema: { properties: Record<string, Property> } };
          };
        };
      };
    };
  };
}

/** Fields that index.html has. */
const known = new Set(['filename', 'frames', 'force']);

const fields = new Map<string, HTMLInputElement | HTMLTextAreaElement>();

async function load(): Promise<void> {
  const response = await fetch('openapi.json');
  const description = (await response.json()) as Description;
  const { properties } = description.paths['/api/v1/series'].post.requestBody.content['application/json'].schema;
  const labels = Object.entries(properties)
    .filter(([key]) => !known.has(key))
    .map(([key, property]) => {
      const field = document.createElement(property.type === 'object' ? 'textarea' : 'input');
      if (field instanceof HTMLInputElement && property.type !== 'string') {
        field.type = 'number';
        field.step = property.type === 'integer' ? '1' : 'any';
        if (property.minimum !== undefined) field.min = String(property.minimum);
        if (property.maximum !== undefined) field.max = String(property.maximum);
      } else if (field instanceof HTMLTextAreaElement) field.placeholder = '{"sample": "…"}';
      field.title = property.description ?? '';
      field.spellcheck = false;
      fields.set(key, field);
      return make('label', 'wide', `${key} `, field);
    });
  byId('more-fields', HTMLElement).replaceChildren(...labels);
}

/** Fetch the description when the fields are first wanted. */
export function watchArmFields(): void {
  byId('more-arm', HTMLDetailsElement).addEventListener('toggle', () => {
    if (fields.size > 0) return;
    load().catch(() => {
      byId('more-fields', HTMLElement).replaceChildren(
        'What else can be asked for could not be fetched. Close this and open it again.',
      );
    });
  });
}

/**
 * What is filled in, as members of a JSON object, each with a comma before it. Numbers and objects go as they were
 * written: a long number would lose digits otherwise.
 */
export function armMembers(): string {
  return [...fields]
    .filter(([, field]) => field.value.trim() !== '')
    .map(([key, field]) => {
      const text =
        field instanceof HTMLInputElement && field.type === 'text' ? JSON.stringify(field.value) : field.value;
      return `, ${JSON.stringify(key)}: ${text}`;
    })
    .join('');
}
