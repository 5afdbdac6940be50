import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createForWriting } from '../../simulators/files/hdf5.js';
import { capture, ethernet, ipv4, udp } from '../simulators/files/capture-file.js';
import { exampleFile, vdcu } from './repository.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-rehearsal-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});

t.test('images, captures and recordings are commands of vdcu', async (t) => {
  const sockets = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of sockets)
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
  t.teardown(() => {
    for (const socket of sockets) socket.close();
  });
  const [left, right] = sockets.map((socket) => socket.address().port) as [number, number];
  const config = join(folder, 'config.yaml');
  writeFileSync(config, `det:\n  detector: eiger\n  quad: true\n  udp_ports: [${left}, ${right}]\n  read_n_rows: 8\n`);
  const images = join(folder, 'images.h5');
  const file = await createForWriting(images);
  file.create_dataset({ name: 'data', data: new Uint16Array(2 * 512 * 512), shape: [2, 512, 512] });
  file.close();
  const pcap = join(folder, 'capture.pcap');
  writeFileSync(pcap, capture([{ seconds: 0, bytes: ethernet(ipv4(udp(50001, new Uint8Array(4144)))) }]));

  const rehearsal = await vdcu('simulate', config, 'det', '--hdf5', images, '--dataset', 'data', '--json');
  t.equal(rehearsal.code, 0, rehearsal.stderr);
  t.match(JSON.parse(rehearsal.stdout), { frames: 2, images: 2, clipped_pixels: 0 });
  const replay = await vdcu(
    'simulate',
    config,
    'det',
    '--pcap',
    pcap,
    '--timing',
    'asap',
    '--map-port',
    `50001:${left}`,
    '--json',
  );
  t.equal(replay.code, 0, replay.stderr);
  t.match(JSON.parse(replay.stdout), {
    ports: { [left]: { packets_sent: 1, packets_intact: 0, foreign_detector_type: 1 } },
  });
  const table = await vdcu('simulate', config, 'det', '--pcap', pcap);
  t.equal(table.code, 2);
  t.match(table.stderr, /has datagrams for port 50001, none for udp_ports/);
});

t.test('options of a run do not go with a capture, nor those of a capture without one', async (t) => {
  const cases: [string[], RegExp][] = [
    [['--pcap', 'x.pcap', '--rate', '100'], /--rate: does not go with --pcap/],
    [['--pcap', 'x.pcap', '--loss', '0.1'], /--loss: does not go with --pcap/],
    [['--pcap', 'x.pcap', '--reorder-distance', '2'], /--reorder-distance: does not go with --pcap/],
    [['--timing', 'asap'], /--timing: goes only with --pcap/],
    [['--map-port', '1:50001'], /--map-port: goes only with --pcap/],
    [['--hdf5', 'x.h5'], /--hdf5: needs --dataset/],
    [['--loop'], /--loop: goes only with --hdf5/],
  ];
  for (const [options, message] of cases) {
    const { code, stderr } = await vdcu('simulate', exampleFile, 'softimax-eiger', ...options);
    t.equal(code, 2, options.join(' '));
    t.match(stderr, message);
  }
});

t.test('record refuses a wrong name and a file that exists', async (t) => {
  const wrong = await vdcu('record', 'tcp://127.0.0.1:9', join(folder, 'new.h5'), '--name', 'a/b');
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /--name a\/b/);
  const exists = await vdcu('record', 'tcp://127.0.0.1:9', join(folder, 'images.h5'));
  t.equal(exists.code, 3);
  t.match(exists.stderr, /exists already, and nothing is overwritten/);
});

t.test('an address of nothing is a wrong command line, not a defect', async (t) => {
  for (const way of ['sendmmsg', 'dgram']) {
    t.match(
      await vdcu('simulate', exampleFile, 'softimax-eiger', '--frames', '1', '--send', way, '--udp-host', ''),
      { code: 2, stderr: /udp host: is empty/ },
      way,
    );
  }
});
