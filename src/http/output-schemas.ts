// The shapes of what the API says of the ways out, as OpenAPI shows them at /docs.
// Tested by test/http/http.test.ts.

import { count, object, orNull, text } from './schema-parts.js';

export const underway = orNull(
  object("Handed over, and not acknowledged by the consumers' machines; null = the way out cannot tell", {
    messages: count('Messages'),
    bytes: count('Bytes on the wire'),
  }),
);

export const preview = object('The output for live viewers (preview)', {
  endpoint: text('Where they subscribe'),
  subscribers: count('Connected now'),
  shown: count('Frames that were shown'),
  sent: count('The same, over all subscribers'),
  skipped: count('Frames that were not, to all or to one of them'),
  refused: count('Peers that were not let in'),
});

export const dataSocket = object('One socket of the stream', {
  endpoint: text('Where its consumer connects'),
  consumers: count('Consumers connected to it'),
  disconnects: count('Consumers that went away since the start of the service'),
  messages: count('Messages that it has taken over since then'),
  underway,
  blocked_seconds: { type: 'number', description: 'How long the stream has waited for its consumer' },
});
