// Run by a test in a process of its own, with --expose-gc: how much garbage does a port assembler make per packet?
// Prints JSON. Arguments: which placement; bit depth, 16 if not given; 1 = packets of 1 GbE; packets, a million if not
// given.

import { makeLayout } from '../../src/detector/layout.js';
import { ownOf } from '../frame-numbers.js';
import { LoopingSource } from './looping-source.js';
import { SinglePort } from './single-port.js';
import { quadSettings } from '../simulators/detector/settings-examples.js';

const [placement, dynamicRange = '16', oneGiga, packetCount = '1000000'] = process.argv.slice(2);
const settings = quadSettings({ dynamicRange: Number(dynamicRange), tenGiga: oneGiga !== '1' });
const packets = Number(packetCount);
const framesPerBatch = 4;
const packetsPerBatch = makeLayout(settings).expectedPackets * framesPerBatch;
const warmUpTurns = Math.ceil((packets * 0.512) / packetsPerBatch);

/** Bytes of heap that a million packets take. */
function measure(high: number): { from: number; packets: number; bytesPerPacket: number } {
  const single = new SinglePort({
    settings,
    port: 1,
    slots: 16,
    landingPackets: packetsPerBatch,
    compiled: placement === 'compiled',
    flightPackets: 10_000,
    makeSource: (landing) => new LoopingSource(landing, settings, 1, framesPerBatch, high, 1),
  });
  const from = single.source.next;
  single.open(0, from, null, settings.dynamicRange);
  single.source.flowing = true;
  let now = 1;
  const turns = (count: number): void => {
    for (let turn = 0; turn < count; turn++) {
      single.turn(now++);
      single.series.setNext(ownOf(single.source.next));
    }
  };
  turns(warmUpTurns);
  globalThis.gc?.();
  const count = Math.ceil(packets / packetsPerBatch);
  // Read so often that the few collections show as falls; those steps are left out.
  let bytes = 0;
  const step = 100;
  for (let done = 0; done < count; done += step) {
    const before = process.memoryUsage().heapUsed;
    turns(step);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown > 0) bytes += grown;
  }
  const { accepted, received } = single.counters();
  if (accepted !== received) throw new Error(`${received} received, ${accepted} accepted`);
  return {
    from,
    packets: Math.ceil(count / step) * step * packetsPerBatch,
    bytesPerPacket: bytes / (Math.ceil(count / step) * step * packetsPerBatch),
  };
}

process.stdout.write(JSON.stringify([measure(0), measure(5)]));
