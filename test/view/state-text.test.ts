import t from 'tap';
import { malformedCounters } from '../../src/contract/packet-classes.js';
import type { CurrentPort, CurrentSeries, DataSocket } from '../../src/view/service-view.js';
import { describeState } from '../../src/view/state-text.js';
import type { StateFacts } from '../../src/view/state-text.js';
import { config, currentPortOf } from './hand-made-view.js';

const port = (udpPort: number, counters: Parameters<typeof currentPortOf>[1] = {}): CurrentPort =>
  currentPortOf(udpPort, counters);

const series = (changes: Partial<CurrentSeries> = {}): CurrentSeries => ({
  series_id: 7,
  filename: '',
  auto: false,
  frames: 0,
  header_pending: false,
  msg_number_base: null,
  first_frame_number: 1,
  highest_frame_number: 9,
  images_sent: 5,
  complete: 4,
  marked: 1,
  discarded: 0,
  ports: [port(50001, { received: 9, accepted: 9 }), port(50002, { received: 9, accepted: 9 })],
  ...changes,
});

const sockets = (...consumers: readonly number[]): DataSocket[] =>
  consumers.map((connected, index) => ({
    endpoint: `tcp://127.0.0.1:${9999 - index}`,
    consumers: connected,
    disconnects: 0,
    messages: 0,
    underway: null,
    blocked_seconds: 0,
  }));

const describe = (changes: Partial<StateFacts> = {}): ReturnType<typeof describeState> =>
  describeState({
    config: { ...config, series: 'armed', udpSources: [] },
    state: 'idle',
    dataSockets: sockets(1),
    endPending: false,
    auto: false,
    series: null,
    openMs: null,
    sinceLastPacketMs: null,
    packetBytes: 4144,
    ...changes,
  });

t.test('what the service waits for when no series is open', (t) => {
  t.strictSame(describe(), { message: 'idle: ready to be armed.', problems: [] });
  t.strictSame(describe({ dataSockets: sockets(0) }), {
    message: 'idle: no consumer is connected to tcp://127.0.0.1:9999.',
    problems: [],
  });
  t.match(describe({ config }).message, 'idle: the next series is being prepared.');
  t.match(describe({ config, state: 'open' }).message, 'ready: a series opens with the first packets.');
  t.match(describe({ state: 'open' }).message, 'a series is being opened.');
  t.match(describe({ state: 'closing' }).message, 'the series is closing.');
  t.end();
});

t.test('an open series tells how far it is', (t) => {
  t.match(describe({ state: 'open', series: series() }), {
    message: 'series 7 is open: 5 images sent, 1 of them incomplete.',
    problems: [],
  });
  t.match(
    describe({ state: 'open', series: series({ frames: 100 }) }).message,
    'series 7 is open: 5 of 100 images sent, 1 of them incomplete.',
  );
  t.match(describe({ state: 'closing', series: series() }).message, 'series 7 is closing: 5 images sent.');
  t.end();
});

t.test('an owed end, a header that waits, a consumer that is gone are said', (t) => {
  t.match(describe({ endPending: true }).problems, [/end of the last series waits for a consumer/]);
  t.match(describe({ state: 'open', dataSockets: sockets(0), series: series({ header_pending: true }) }).problems, [
    /^series 7: no consumer has taken its header\. Start the receiver\.$/,
  ]);
  t.match(describe({ state: 'open', dataSockets: sockets(0), series: series() }).problems, ['the consumer is gone.']);
  t.end();
});

t.test('when nothing arrives the state says, from 2 s on, what is known of each port', (t) => {
  const silent = (counters: Parameters<typeof currentPortOf>[1], more: Partial<StateFacts> = {}): string =>
    describe({
      state: 'open',
      series: series({ ports: [port(50001, counters)] }),
      openMs: 2000,
      ...more,
    }).problems.join('\n');
  t.match(
    describe({ state: 'open', series: series({ ports: [port(50001)] }), openMs: 2999 }).message,
    'series 7 is armed and no packet of it has come for 2 s.',
  );
  t.equal(
    describe({ state: 'open', series: series({ ports: [port(50001)] }), openMs: 1999 }).problems.length,
    0,
    'not before',
  );
  t.match(
    silent({}),
    /^port 50001: no datagram at all\. .*udp_dstip, udp_dstmac and udp_dstport name 127\.0\.0\.1 and this port\?$/,
  );
  t.match(
    silent({ received: 3, foreignSource: 3 }, { config }),
    /^port 50001: 3 datagrams came from another source than udp_source \[::1\]:1234\.$/,
  );
  t.match(
    silent({ received: 2, malformedSize: 2 }),
    /^port 50001: 2 datagrams were not of 4144 bytes \(ten_giga\? another detector\?\)\.$/,
  );
  t.match(
    silent({ received: 2, malformedVersion: 1, malformedPosition: 1 }),
    /^port 50001: 2 packets failed the check\.$/,
  );
  const failed = malformedCounters.filter((counter) => counter !== 'malformedSize');
  t.ok(failed.length > 4);
  for (const counter of failed)
    t.equal(silent({ received: 3, [counter]: 3 }), 'port 50001: 3 packets failed the check.', counter);
  t.match(
    silent({ received: 4, foreignSeries: 4 }),
    /^port 50001: 4 packets had frame numbers outside the series \(first_frame_number, nextframenumber\?\)\.$/,
  );
  t.match(silent({ received: 4, foreignUnarmed: 4 }), /^port 50001: 4 datagrams, none of this series\.$/);
  t.match(silent({ socketDropped: 8 }), /^port 50001: the kernel dropped 8 datagrams\.$/);
  t.match(silent({ socketDropped: Number.NaN }), /no datagram at all/, 'drops that cannot be known are no drops');
  t.match(
    silent({ received: 5, malformedSize: 2, foreignSeries: 3 }),
    /^port 50001: 2 datagrams .*; 3 packets .*\.$/,
    'all that is known',
  );
  t.end();
});

t.test('after 5 s of silence an armed series says how it can end, unless it ends by itself', (t) => {
  const after = (changes: Partial<StateFacts>): readonly string[] =>
    describe({ state: 'open', series: series(), openMs: 9000, sinceLastPacketMs: 5000, ...changes }).problems;
  t.match(after({}), [
    /^no packet for 5 s\. .*only by a stop \(vdcu stop\); give frame_period_ms when arming, or set series_timeout_ms\.$/,
  ]);
  t.strictSame(after({ sinceLastPacketMs: 4999 }), []);
  t.strictSame(after({ auto: true }), []);
  t.strictSame(after({ config: { ...config, seriesTimeoutMs: 8000 } }), []);
  t.end();
});

t.test('of several sockets it is said which of them lacks its consumer', (t) => {
  t.match(describe({ dataSockets: sockets(1, 1) }).message, 'idle: ready to be armed.');
  t.match(
    describe({ dataSockets: sockets(1, 0, 0) }).message,
    'idle: no consumer is connected to tcp://127.0.0.1:9998, tcp://127.0.0.1:9997.',
  );
  t.match(describe({ state: 'open', dataSockets: sockets(1, 0), series: series() }).problems, [
    'the consumer of tcp://127.0.0.1:9998 is gone.',
  ]);
  t.strictSame(describe({ dataSockets: sockets(1, 1, 1) }).problems, [], 'each has the one that is expected');
  t.end();
});
