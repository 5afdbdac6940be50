// Holds an answer against its OpenAPI schema: the part of JSON Schema that api-schemas.ts uses, and nothing more.

import type { Schema } from '../../src/http/schema-parts.js';

/** Where `value` differs from `schema`; empty = nowhere. */
export function differences(value: unknown, schema: Schema, path = 'answer'): string[] {
  if (value === null) return schema.nullable === true ? [] : [`${path}: null`];
  switch (schema.type) {
    case 'object':
      return typeof value === 'object'
        ? objectDifferences(value as Record<string, unknown>, schema, path)
        : [`${path}: no object`];
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((item, index) => differences(item, schema.items as Schema, `${path}[${index}]`))
        : [`${path}: no array`];
    case 'string':
      return typeof value === 'string' && (schema.enum?.includes(value) ?? true)
        ? []
        : [`${path}: ${JSON.stringify(value)}`];
    case 'integer':
      return Number.isInteger(value) ? [] : [`${path}: no integer`];
    case 'number':
      return typeof value === 'number' ? [] : [`${path}: no number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: no boolean`];
    default:
      return [`${path}: schema without type`];
  }
}

function objectDifferences(value: Record<string, unknown>, schema: Schema, path: string): string[] {
  const properties = schema.properties ?? {};
  return [
    ...(schema.required ?? []).filter((key) => !(key in value)).map((key) => `${path}.${key}: not there`),
    ...Object.entries(value).flatMap(([key, member]) => {
      const known = properties[key];
      if (known !== undefined) return differences(member, known, `${path}.${key}`);
      return schema.additionalProperties === true ? [] : [`${path}.${key}: not in the schema`];
    }),
  ];
}
