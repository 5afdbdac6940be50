// A receiver that does not run for a while, with real sockets: what waited in its own socket is not late, however long
// that was.

import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { PortAssembler } from '../../src/assembly/port-assembler.js';
import { systemClock } from '../../src/base/clock.js';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { CommandBox, commandText } from '../../src/memory/command-box.js';
import { portCounter, portCounterTable } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';
import { Landing } from '../../src/memory/landing.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import type { StreamEvent } from '../../src/contract/series.js';
import { Streamer } from '../../src/stream/streamer.js';
import { DgramSource } from '../../src/udp/dgram-source.js';
import type { PacketSource } from '../../src/udp/packet-source.js';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { RecvmmsgSource } from '../../src/udp/recvmmsg-source.js';
import { portSetup, streamerSetup } from '../../src/service/wiring.js';
import { placementOracle } from '../oracle/placement.js';
import { Sender } from '../udp/sender.js';
import { MemorySink } from './memory-sink.js';
import { PacketMaker } from './packets.js';
import { armRequest } from './pipeline.js';

const skip = ffiUnavailable() === null ? {} : { skip: 'needs FFI' };
const yaml =
  'det: {detector: gotthard2, modules: [1, 2], udp_ports: [50001, 50002], series: armed, ring_frames: 512, ' +
  'frame_timeout_ms: 40, drain_ms: 2}';

/** Two ports with sockets of their own, and the streamer, on this thread: a port that has no turn does not run. */
async function setUp(receive: 'recvmmsg' | 'dgram') {
  const config = parseConfig(yaml, 'test.yaml', 'det');
  const plan = makePlan(config, 2);
  // Few datagrams per call, so that what waits takes many.
  const map = mapMemory({ ...plan.memory, landingPackets: 8 });
  const { buffer } = allocateMemory(map);
  const wiring = { config, plan, map, buffer, clock: systemClock };
  const ports = await Promise.all(
    [0, 1].map(async (port) => {
      const landing = new Landing(buffer, map.landing[port], 8, plan.memory.packetBytes);
      const common = { landing, host: '127.0.0.1', udpPort: 0, receiveBufferBytes: 4 << 20 };
      const ref: { turn: () => void } = { turn: () => undefined };
      const source: PacketSource =
        receive === 'recvmmsg'
          ? new RecvmmsgSource({
              ...common,
              buffer: buffer,
              structuresAt: map.kernelStructures[port],
              sources: [],
              waitMs: 0,
              coalesce: false,
            })
          : new DgramSource({
              ...common,
              senderWord: () => 1,
              readSocket: readUdpSocket,
              wake: (full) => {
                if (full) ref.turn();
              },
            });
      const { udpPort } = await source.open();
      const assembler = new PortAssembler(portSetup(wiring, port, source, placementOracle));
      ref.turn = () => void assembler.turn();
      const counters = new Float64Array(buffer, map.portCounters[port], portCounterTable.length);
      return {
        source,
        assembler,
        sender: new Sender('127.0.0.1', udpPort),
        count: (name: PortCounter) => counters[portCounter[name]],
      };
    }),
  );
  const sink = new MemorySink();
  sink.connect();
  const events: StreamEvent[] = [];
  const streamer = new Streamer(streamerSetup(wiring, sink, 1000, (event) => events.push(event)));
  const turns = async (which: readonly number[], done: () => boolean, milliseconds = 5000): Promise<void> => {
    for (const end = systemClock.now() + milliseconds; !done() && systemClock.now() < end; await nextTurn()) {
      for (const port of which) ports[port]?.assembler.turn();
      streamer.turn(systemClock.now());
      sink.read();
    }
  };
  const close = async (): Promise<void> => {
    for (const { source, sender } of ports) {
      sender.close();
      await source.close();
    }
  };
  return {
    ports,
    turns,
    events,
    box: new CommandBox(buffer, map.commandBox),
    maker: new PacketMaker(config.detector),
    close,
  };
}

for (const receive of ['recvmmsg', 'dgram'] as const) {
  t.test(
    `a port that did not run while others went on loses nothing of what waits in its socket (${receive})`,
    skip,
    async (t) => {
      const { ports, turns, events, box, maker, close } = await setUp(receive);
      box.post(commandText({ kind: 'arm', id: 1, request: { ...armRequest, firstFrameNumber: 1 } }));
      await turns([0, 1], () => events.some(({ kind }) => kind === 'armed'));
      const frames = 300;
      for (let frame = 1; frame <= frames; frame++)
        for (const port of [0, 1]) ports[port]?.sender.send(maker.packet(port, frame, 0));
      // dgram's event loop reads for a port that has no turn, until its landing buffers are full.
      if (receive === 'recvmmsg') await turns([0], () => false, 300);
      else for (let end = systemClock.now() + 300; systemClock.now() < end;) ports[0]?.assembler.turn();
      await turns([0, 1], () =>
        ports.every(({ count, source }) => count('received') + (source.kernelDrops() ?? 0) >= frames),
      );
      box.post(commandText({ kind: 'stop', id: 2 }));
      await turns([0, 1], () => events.some(({ kind }) => kind === 'stopped'));
      for (const { source, count } of ports) {
        const drops = source.kernelDrops() ?? 0;
        t.match(
          { accepted: count('accepted'), late: count('lateFirst') + count('lateUnknown'), missing: count('missing') },
          { accepted: frames - drops, late: 0, missing: drops },
        );
      }
      await close();
    },
  );
}
