// A shared memory with the two regions that a packet source needs, for one port.

import { kernelStructuresBytes } from '../../src/memory/kernel-structures.js';
import { Landing, landingBytes } from '../../src/memory/landing.js';

export function portMemory(
  packets: number,
  packetBytes: number,
  coalescedBuffers = 0,
): { buffer: SharedArrayBuffer; landing: Landing; structuresAt: number } {
  const structuresAt = 256;
  const landingAt = structuresAt + Math.ceil(kernelStructuresBytes(coalescedBuffers || packets) / 128) * 128;
  const pages = Math.ceil((landingAt + landingBytes(packets, packetBytes, coalescedBuffers)) / 65536);
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { buffer, landing: new Landing(buffer, landingAt, packets, packetBytes, coalescedBuffers), structuresAt };
}
