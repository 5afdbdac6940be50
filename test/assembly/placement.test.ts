import t from 'tap';
import { Placement } from '../../src/assembly/placement.js';
import { makeLayout } from '../../src/detector/layout.js';
import type { Layout } from '../../src/detector/layout.js';
import { makePieceTable } from '../../src/detector/piece-table.js';
import { FrameVerifier } from '../../simulators/verify.js';
import { PacketMaker } from '../pipeline/packets.js';
import { gridSettings, quadSettings } from '../simulators/settings-examples.js';

for (const settings of [quadSettings(), quadSettings({ dynamicRange: 8, tenGiga: false }), gridSettings(2, 1, { dynamicRange: 32 }), gridSettings(2, 2, { gapPixels: false, dynamicRange: 8 })]) {
  t.test(`all packets placed, some filled: every pixel of ${settings.quad ? 'a quad' : `[${settings.modules.join(', ')}]`} at ${settings.dynamicRange} bit`, async (t) => {
    const layout = makeLayout(settings);
    const maker = new PacketMaker(settings);
    // An odd distance, so that nothing is aligned by chance; a guard on both sides of the frame.
    const frame = 5003;
    const buffer = new SharedArrayBuffer(frame + layout.frameBytes + 64);
    const bytes = new Uint8Array(buffer);
    bytes.fill(0x11, frame - 16, frame);
    bytes.fill(0x11, frame + layout.frameBytes);
    const missing: Record<string, [number, number][]> = {};
    layout.ports.forEach((port: Layout['ports'][number], index) => {
      const placement = new Placement(buffer, makePieceTable(layout, port.expectedPosition, port.flip));
      for (let packet = 0; packet < layout.expectedPackets; packet++) {
        bytes.set(maker.packet(index, 9, packet), 1);
        if (packet === 3 + index) placement.fill(packet, frame);
        else placement.place(packet, 1 + 48, frame);
      }
      missing[port.udpPort] = [[3 + index, 3 + index]];
    });
    const fields = { shape: layout.shape, type: layout.pixelType, compression: 'none', frame_number: 9, missing };
    t.match(new FrameVerifier(settings).verify(fields, bytes.slice(frame, frame + layout.frameBytes)), { wrong: 0, firstWrong: null });
    t.ok(bytes.subarray(frame - 16, frame).every((byte) => byte === 0x11), 'nothing before the frame');
    t.ok(bytes.subarray(frame + layout.frameBytes).every((byte) => byte === 0x11), 'nothing after it');
  });
}
