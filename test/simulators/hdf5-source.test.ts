import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createForWriting, loadHdf5 } from '../../simulators/hdf5.js';
import { framesOfImages, openHdf5Source } from '../../simulators/hdf5-source.js';
import { simulate } from '../../simulators/simulate.js';
import { quadSettings } from './settings-examples.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-hdf5-'));
t.teardown(() => { rmSync(folder, { recursive: true }); });

const file = join(folder, 'images.h5');
const side = 512;
const images = Uint16Array.from({ length: 3 * side * side }, (_, index) => (index * 7 + Math.floor(index / side)) % 60000);

t.before(async () => {
  const written = await createForWriting(file);
  const make = (name: string, data: Uint8Array | Uint16Array | Uint32Array | Int16Array | Float32Array, shape: number[], more: Record<string, unknown> = {}): void => {
    written.create_dataset({ name, data, shape, ...more });
  };
  make('raw', images, [3, side, side]);
  make('single', images.slice(side * side, 2 * side * side), [side, side]);
  make('bitshuffle', images, [3, side, side], { chunks: [1, side, side], compression: 32008, compression_opts: [0, 2] });
  make('gzip', images, [3, side, side], { chunks: [1, 64, side], compression: 'gzip' });
  make('narrow', new Uint8Array(side * side).fill(9), [1, side, side]);
  make('wide', new Uint32Array(side * side), [1, side, side]);
  make('signed', new Int16Array(side * side), [1, side, side]);
  make('float', new Float32Array(side * side), [1, side, side]);
  make('transposed', new Uint16Array(side * 256), [1, side, 256]);
  make('many', new Uint16Array(side * side), [1, 1, side, side]);
  make('none', new Uint16Array(0), [0, side, side], { maxshape: [null, side, side], chunks: [1, side, side] });
  written.create_group('group');
  written.close();
});

t.test('image k mod N is frame k, whatever the compression', async (t) => {
  for (const name of ['raw', 'bitshuffle', 'gzip', '/raw']) {
    const source = await openHdf5Source(file, name, quadSettings());
    t.equal(source.images, 3, name);
    for (const round of [0, 1, 2, 3, 7]) {
      const lower = source.portImage(0, round);
      const from = (round % 3) * side * side + 256 * side;
      t.equal(Buffer.compare(Buffer.from(lower.buffer), Buffer.from(images.slice(from, from + 256 * side).buffer)), 0, `${name}, frame ${round}`);
    }
    source.close();
  }
});

t.test('a single image, and narrower pixels, are images too', async (t) => {
  const single = await openHdf5Source(file, 'single', quadSettings());
  t.equal(single.images, 1);
  t.equal(single.portImage(0, 5)[3], images[side * side + 256 * side + 3]);
  single.close();
  const narrow = await openHdf5Source(file, 'narrow', quadSettings());
  t.equal(narrow.portImage(1, 0)[0], 9);
  narrow.close();
  const wide = await openHdf5Source(file, 'wide', quadSettings({ dynamicRange: 32 }));
  wide.close();
});

t.test('what does not fit the detector is refused with what would', async (t) => {
  const settings = quadSettings();
  await t.rejects(openHdf5Source(file, 'wide', settings), /pixels are uint32; dynamic_range: 16 needs uint16 or narrower/);
  await t.rejects(openHdf5Source(file, 'signed', settings), /pixels are int16/);
  await t.rejects(openHdf5Source(file, 'float', settings), /pixels are no integers/);
  await t.rejects(openHdf5Source(file, 'raw', quadSettings({ dynamicRange: 8 })), /pixels are uint16; dynamic_range: 8 needs uint8/);
  await t.rejects(openHdf5Source(file, 'transposed', settings), /shape is \[1, 512, 256\]; this detector needs \[images, 514, 514\] \(with gap pixels\) or \[images, 512, 512\]/);
  await t.rejects(openHdf5Source(file, 'many', settings), /shape is \[1, 1, 512, 512\]/);
  await t.rejects(openHdf5Source(file, 'none', settings), /has no image/);
  await t.rejects(openHdf5Source(file, '/data', settings), /has no dataset \/data\. Give one of \/.*raw/);
  await t.rejects(openHdf5Source(file, 'group', settings), /has no dataset group/);
});

t.test('a file that is none, or is cut off, is refused', async (t) => {
  await t.rejects(openHdf5Source(join(folder, 'nothing.h5'), 'raw', quadSettings()), /nothing\.h5: cannot be read/);
  await t.rejects(openHdf5Source(folder, 'raw', quadSettings()), /is no file/);
  const text = join(folder, 'text.h5');
  writeFileSync(text, 'text');
  await t.rejects(openHdf5Source(text, 'raw', quadSettings()), /text\.h5: cannot be read as HDF5 \(.*signature/);
  const cut = join(folder, 'cut.h5');
  writeFileSync(cut, readFileSync(file).subarray(0, 100_000));
  await t.rejects(openHdf5Source(cut, 'raw', quadSettings()), /cannot be read as HDF5/);
});

t.test('a file that exists is not written over', async (t) => {
  await t.rejects(createForWriting(file), /exists already/);
  await t.rejects(createForWriting(join(folder, 'no', 'x.h5')), /cannot be made \(.*No such file/);
  t.ok((await loadHdf5()).File);
});

t.test('frames of a run: each image once, or as many as asked when they are looped', async (t) => {
  t.equal(framesOfImages(3, undefined, false), 3);
  t.equal(framesOfImages(3, 2, false), 2);
  t.equal(framesOfImages(3, undefined, true), 1000);
  t.equal(framesOfImages(3, 0, true), 0);
  for (const frames of [4, 0]) t.throws(() => framesOfImages(3, frames, false), /has 3 images. Add --loop/);
});

t.test('the simulator sends the images, with faults', async (t) => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  const received: Buffer[] = [];
  socket.on('message', (bytes) => { received.push(bytes); });
  await new Promise<void>((resolve) => { socket.bind(0, '127.0.0.1', resolve); });
  t.teardown(() => { socket.close(); });
  const { port } = socket.address();
  const settings = quadSettings({ udpPorts: [port, port === 65535 ? 1024 : port + 1], portsOff: [port === 65535 ? 1024 : port + 1], readNRows: 16 });
  const options = { settings, udpHost: '127.0.0.1', hdf5: file, dataset: 'raw', rate: 200, signal: new AbortController().signal };
  const result = await simulate({ ...options, loop: true, frames: 5, loss: `${port}:2:1` });
  for (let turn = 0; turn < 100 && received.length < 19; turn++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  t.equal(received.length, 19);
  t.match(result, { images: { count: 3, clippedPixels: 0 }, truth: { ports: [{ frames: 5, lost: 1, sent: 19 }, { off: true }] } });
  const last = received.at(-4) as Buffer;
  t.equal(last.readUInt16LE(48 + 2 * 5), images[side * side + 256 * side + 5], 'frame 5 is image 2');
  t.equal((await simulate(options)).truth.ports[0]?.frames, 3, 'without loop and frames: each image once');
  await t.rejects(simulate({ ...options, frames: 4 }), /Add --loop/);
  await t.rejects(simulate({ settings, udpHost: '127.0.0.1', hdf5: file, signal: options.signal }), /needs --dataset/);
  await t.rejects(simulate({ settings, udpHost: '127.0.0.1', dataset: 'raw', signal: options.signal }), /goes only with --hdf5/);
});
