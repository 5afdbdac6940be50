import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { planJson, planText } from '../../src/config/print-plan.js';

const config = parseConfig(
  'a: {detector: eiger, quad: true, udp_ports: [50001, 50002], ports_off: [50002], frame_rate_hz: 1000}',
  'f',
  'a',
);
const plan = makePlan(config, 4);

t.test('the text names each number with its unit', async (t) => {
  const text = planText(config, plan);
  t.match(text, /^detector +a \(eiger, quad, 16 bit\)$/m);
  t.match(text, /^frame +514 × 514 uint16, 516 KiB$/m);
  t.match(text, /^ports +50001, 50002 \(off\)$/m);
  t.match(text, /^ring +1000 frames of 516 KiB, 504 MiB = 1000 ms$/m);
  t.match(text, /^ {2}each port +64000 packets\/s, 2\.16 Gbit\/s$/m);
  t.match(text, /^frame time-out +500 ms = 500 frames$/m);
});

t.test('with several addresses the plan says which ports each has', async (t) => {
  const two = parseConfig(
    'a: {detector: jungfrau, interfaces: 2, modules: [1, 2], udp_ports: [1, 2, 3, 4], ports_off: [4], udp_host: ' +
      '[10.0.0.1, 10.0.1.1]}',
    'f',
    'a',
  );
  t.match(planText(two, makePlan(two, 4)), /^receives on +10\.0\.0\.1 \(1, 3\), 10\.0\.1\.1 \(2\), from any source$/m);
  t.match(planJson(two, makePlan(two, 4)), {
    ports: [
      { udp_host: '10.0.0.1' },
      { udp_host: '10.0.1.1' },
      { udp_host: '10.0.0.1' },
      { udp_host: '10.0.1.1', off: true },
    ],
  });
  t.match(planText(config, plan), /^receives on +127\.0\.0\.1, from any source$/m);
});

t.test('the text says how many cores the rate keeps busy, and what one core cannot carry', async (t) => {
  t.match(
    planText(config, plan),
    /^ {2}processors +about 0\.4\d* cores busy: receivers 0\.2\d*, streamer 0\.264; give it 1$/m,
  );
  const byZmq = { ...config, send: 'libzmq' } as const;
  t.match(planText(byZmq, makePlan(byZmq, 4)), /streamer 0\.159, zmq 0\.159; give it 1$/m);
  const fast = parseConfig(
    'a: {detector: eiger, quad: true, udp_ports: [50001, 50002], frame_rate_hz: 4000, receiver_threads: 1, ' +
      'frame_timeout_ms: 100}',
    'f',
    'a',
  );
  t.match(
    planText(fast, makePlan(fast, 1)),
    /^ {2}processors .*; give it 2, and here are 1; too much for one core: receiver 0, streamer \(raise receiver_threads, up to one per port\)$/m,
  );
});

t.test('the text says where frames wait for the consumer', async (t) => {
  t.match(planText(config, plan), /^send queue +the kernel's send buffer, 4 MiB for each of 1 connections: 7 frames/m);
  const byZmq = { ...config, send: 'zeromq.js' } as const;
  t.match(planText(byZmq, makePlan(byZmq, 4)), /^send queue +zmq's, 127 messages for each of 1 connections, 64 MiB/m);
});

t.test('without a rate the text says how to learn more', async (t) => {
  const slow = { ...config, frameRateHz: null };
  t.match(planText(slow, makePlan(slow, 4)), /^rate +unknown: set frame_rate_hz/m);
});

t.test('the JSON has snake_case keys all the way down', async (t) => {
  const json = planJson(config, plan) as { name: string; ring: unknown; rate: unknown };
  t.equal(json.name, 'a');
  t.match(json, {
    detector: { frame_bytes: 528392 },
    ports: [{ udp_port: 50001 }],
    rate: { per_port: { packets_per_second: 64000 } },
  });
  t.notMatch(JSON.stringify(json), /"[a-z]+[A-Z]/);
});
