import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createForWriting, loadHdf5 } from '../../../simulators/files/hdf5.js';
import { framesOfImages, openHdf5Source } from '../../../simulators/files/hdf5-source.js';
import { simulate } from '../../../simulators/simulate.js';
import { pythonWith } from '../../programs.js';
import { quadSettings } from '../detector/settings-examples.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-hdf5-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});

const file = join(folder, 'images.h5');
const side = 512;
const images = Uint16Array.from(
  { length: 3 * side * side },
  (_, index) => (index * 7 + Math.floor(index / side)) % 60000,
);

t.before(async () => {
  // With the filters that read: this is a file of somebody else.
  const written = new (await loadHdf5()).File(file, 'x');
  const make = (
    name: string,
    data: Uint8Array | Uint16Array | Uint32Array | Int16Array | Float32Array,
    shape: number[],
    more: Record<string, unknown> = {},
  ): void => {
    written.create_dataset({ name, data, shape, ...more });
  };
  make('raw', images, [3, side, side]);
  make('single', images.slice(side * side, 2 * side * side), [side, side]);
  make('bitshuffle', images, [3, side, side], {
    chunks: [1, side, side],
    compression: 32008,
    compression_opts: [0, 2],
  });
  make('gzip', images, [3, side, side], { chunks: [1, 64, side], compression: 'gzip' });
  make('narrow', new Uint8Array(side * side).fill(9), [1, side, side]);
  make('wide', new Uint32Array(side * side), [1, side, side]);
  make('signed', new Int16Array(side * side), [1, side, side]);
  make('float', new Float32Array(side * side), [1, side, side]);
  for (const [name, value] of [
    ['fits', 65535],
    ['negative', -1],
    ['too_large', 65536],
  ] as const) {
    const pixels = Int32Array.from({ length: 2 * side * side }, (_, index) => index % 60000);
    pixels[side * side + 3] = value;
    written.create_dataset({ name, data: pixels, shape: [2, side, side] });
  }
  written.create_soft_link('/nowhere', 'dangling');
  written.create_external_link('gone.h5', '/d', 'elsewhere');
  written.create_soft_link('/raw', 'linked');
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
      t.equal(
        Buffer.compare(Buffer.from(lower.buffer), Buffer.from(images.slice(from, from + 256 * side).buffer)),
        0,
        `${name}, frame ${round}`,
      );
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
  await t.rejects(
    openHdf5Source(file, 'float', settings),
    /pixels are float32; dynamic_range: 16 needs integers\. Convert them, in Python: .*clip\(0, 65535\)\.astype\('u2'\)/,
  );
  await t.rejects(
    openHdf5Source(file, 'raw', quadSettings({ dynamicRange: 8 })),
    /image 0 has the value 259 at pixel 37; needs 0 to 255\. Convert .*; or set another dynamic_range/,
  );
  await t.rejects(
    openHdf5Source(file, 'transposed', settings),
    /shape is \[1, 512, 256\]; this detector needs \[images, 514, 514\] \(with gap pixels\) or \[images, 512, 512\]/,
  );
  await t.rejects(openHdf5Source(file, 'many', settings), /shape is \[1, 1, 512, 512\]/);
  await t.rejects(openHdf5Source(file, 'none', settings), /has no image/);
  await t.rejects(openHdf5Source(file, '/data', settings), /has no dataset \/data\. Give one of \/.*(?:, \/\w+){7}/);
  await t.rejects(openHdf5Source(file, 'group', settings), /has no dataset group/);
});

t.test('signed pixels are taken where their values fit, and looked at in each image', async (t) => {
  const fits = await openHdf5Source(file, 'fits', quadSettings());
  t.ok(fits.portImage(1, 1) instanceof Uint16Array);
  t.ok([0, 1].some((port) => fits.portImage(port, 1).includes(65535)));
  fits.close();
  (await openHdf5Source(file, 'signed', quadSettings())).close();
  for (const [name, value] of [
    ['negative', -1],
    ['too_large', 65536],
  ] as const) {
    const source = await openHdf5Source(file, name, quadSettings());
    source.portImage(0, 0);
    t.throws(
      () => source.portImage(0, 1),
      { exitCode: 2, message: new RegExp(`image 1 has the value ${value} at pixel 3; needs 0 to 65535\\. Convert`) },
      name,
    );
    source.close();
  }
});

t.test('links are followed where they lead somewhere, else refused with where they lead', async (t) => {
  const source = await openHdf5Source(file, 'linked', quadSettings());
  t.equal(
    Buffer.compare(
      Buffer.from(source.portImage(0, 0).buffer),
      Buffer.from(images.slice(256 * side, 512 * side).buffer),
    ),
    0,
  );
  source.close();
  await t.rejects(
    openHdf5Source(file, 'dangling', quadSettings()),
    /dangling is a link to \/nowhere, which is not in the file/,
  );
  await t.rejects(
    openHdf5Source(file, 'elsewhere', quadSettings()),
    /elsewhere is a link to \/d of the file gone\.h5, which is not there/,
  );
});

const python = pythonWith('h5py', 'numpy');
t.test(
  'what only other programs write: virtual datasets, external storage, compounds, enumerations, the other byte order',
  { skip: python === null && 'no Python with h5py' },
  async (t) => {
    execFileSync(python as string, [
      '-c',
      `import h5py, numpy as np, sys, os
os.chdir(sys.argv[1])
with h5py.File('source.h5','w') as f: f['d']=np.arange(512*512,dtype='u4').astype('u2').reshape(1,512,512)
with h5py.File('virtual.h5','w') as f:
  for name, files in (('whole',['source.h5','source.h5']),('lacking',['source.h5','gone.h5'])):
    l=h5py.VirtualLayout(shape=(2,512,512),dtype='u2')
    for i,s in enumerate(files): l[i]=h5py.VirtualSource(s,'d',shape=(1,512,512))[0]
    f.create_virtual_dataset(name,l,fillvalue=7)
  l=h5py.VirtualLayout(shape=(1,512,512),dtype='u2'); l[0]=h5py.VirtualSource('source.h5','other',shape=(1,512,512))[0]
  f.create_virtual_dataset('wrong',l)
  f['compound']=np.zeros((1,512,512),dtype=[('a','u2'),('b','u1')]); f['boolean']=np.zeros((1,512,512),bool); 
  for name, wrong in (('int64',-1),('uint64',2**40)):
    a=np.concatenate([np.arange(512*512)%65536]*2).reshape(2,512,512).astype(name); a[1,300,7]=wrong; f[name]=a
  l=h5py.VirtualLayout(shape=(2,512,512),dtype='u2'); l[0]=h5py.VirtualSource('.','lacking',shape=(2,512,512))[0]
  f.create_virtual_dataset('nested',l); f['nowhere/data']=h5py.SoftLink('/x/y')
  f.create_dataset('external',(1,512,512),'u2',external=[('gone.bin',0,512*512*2)])
  f['big_endian']=np.arange(512*512,dtype='u4').astype('>u2').reshape(1,512,512)
  f['through']=h5py.ExternalLink('source.h5','/d')`,
      folder,
    ]);
    const virtual = join(folder, 'virtual.h5');
    for (const name of ['whole', 'through', 'big_endian']) {
      const source = await openHdf5Source(virtual, name, quadSettings());
      t.equal(source.portImage(0, name === 'whole' ? 1 : 0)[5], (256 * side + 5) % 65536, name);
      source.close();
    }
    await t.rejects(openHdf5Source(virtual, 'lacking', quadSettings()), {
      exitCode: 2,
      message: /is made of other files, and these are not there: gone\.h5 d\. Put them beside it/,
    });
    await t.rejects(openHdf5Source(virtual, 'wrong', quadSettings()), /these are not there: source\.h5 other/);
    await t.rejects(
      openHdf5Source(virtual, 'external', quadSettings()),
      /image 0 cannot be read \(.*external raw data file/,
    );
    await t.rejects(openHdf5Source(virtual, 'compound', quadSettings()), /its pixels are compounds/);
    await t.rejects(openHdf5Source(virtual, 'boolean', quadSettings()), /its pixels are enumerations/);
    await t.rejects(openHdf5Source(virtual, 'nested', quadSettings()), /these are not there: gone\.h5 d\./);
    await t.rejects(openHdf5Source(virtual, 'nowhere/data', quadSettings()), {
      exitCode: 2,
      message: /nowhere\/data is a link to what is not in the file/,
    });
    for (const [name, value] of [
      ['int64', -1],
      ['uint64', 2 ** 40],
    ] as const) {
      const source = await openHdf5Source(virtual, name, quadSettings());
      t.equal(source.portImage(0, 0)[5], (256 * side + 5) % 65536, name);
      t.throws(() => source.portImage(0, 1), { exitCode: 2, message: new RegExp(`image 1 has the value ${value} at`) });
      source.close();
    }
  },
);

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
  socket.on('message', (bytes) => {
    received.push(bytes);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    socket.close();
  });
  const { port } = socket.address();
  const settings = quadSettings({
    udpPorts: [port, port === 65535 ? 1024 : port + 1],
    portsOff: [port === 65535 ? 1024 : port + 1],
    readNRows: 16,
  });
  const options = {
    settings,
    udpHost: '127.0.0.1',
    hdf5: file,
    dataset: 'raw',
    rate: 200,
    signal: new AbortController().signal,
  };
  const result = await simulate({ ...options, loop: true, frames: 5, loss: `${port}:2:1` });
  for (let turn = 0; turn < 100 && received.length < 19; turn++)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  t.equal(received.length, 19);
  t.match(result, {
    images: { count: 3, clippedPixels: 0 },
    truth: { ports: [{ frames: 5, lost: 1, sent: 19 }, { off: true }] },
  });
  const last = received.at(-4) as Buffer;
  t.equal(last.readUInt16LE(48 + 2 * 5), images[side * side + 256 * side + 5], 'frame 5 is image 2');
  t.equal((await simulate(options)).truth.ports[0]?.frames, 3, 'without loop and frames: each image once');
  await t.rejects(simulate({ ...options, frames: 4 }), /Add --loop/);
  await t.rejects(simulate({ settings, udpHost: '127.0.0.1', hdf5: file, signal: options.signal }), /needs --dataset/);
  await t.rejects(
    simulate({ settings, udpHost: '127.0.0.1', dataset: 'raw', signal: options.signal }),
    /goes only with --hdf5/,
  );
});
