// Tests src/control/sls/ with what PSI's client 10.0.1 said to PSI's receiver, and what that answered.

import t from 'tap';
import { functions } from '../../../src/control/sls/functions.js';
import { PlayedService, portOf } from './played-service.js';
import { recordedCalls, withoutRecordings } from './recorded.js';

const { F_START_RECEIVER, F_STOP_RECEIVER, F_GET_RECEIVER_PROGRESS, F_GET_RECEIVER_THREAD_IDS } = functions;
const { F_RECEIVER_UDP_SOCK_BUF_SIZE, F_RECEIVER_REAL_UDP_SOCK_BUF_SIZE } = functions;

/** What belongs to the machine, or to the moment. */
const other = new Set<number>([
  F_GET_RECEIVER_THREAD_IDS.id,
  F_RECEIVER_UDP_SOCK_BUF_SIZE.id,
  F_RECEIVER_REAL_UDP_SOCK_BUF_SIZE.id,
]);

/** Five frames each, as recorded; Mythen3 begins with number 2. */
const recordings: {
  name: string;
  calls: number;
  cut?: number;
  ports: number[];
  first: number;
  yaml?: string;
  request: Record<string, unknown>;
}[] = [
  {
    name: 'eiger_2half',
    calls: 112,
    cut: 110,
    ports: [50001, 50002, 50003, 50004],
    first: 1,
    request: {
      filename: '/dat/sls/live/data/run_0.h5',
      frames: 5,
      metadata: { exptime: 0.001, frame_time: 0.02, trigger_mode: 'auto' },
    },
  },
  {
    name: 'eiger_quad',
    calls: 23,
    ports: [50001, 50002],
    first: 1,
    yaml: '\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n  receiver_ports: [1954]\n',
    request: { filename: '', frames: 5 },
  },
  {
    name: 'jungfrau_2if',
    calls: 19,
    ports: [50001, 50002],
    first: 1,
    yaml: '\n  detector: jungfrau\n  interfaces: 2\n  udp_ports: [50001, 50002]\n  receiver_ports: [1954]\n',
    request: { filename: '', frames: 5, metadata: { exptime: 0.00001 } },
  },
  {
    name: 'mythen3',
    calls: 48,
    ports: [50001],
    first: 2,
    yaml: '\n  detector: mythen3\n  counters: 3\n  dynamic_range: 32\n  udp_ports: [50001]\n  receiver_ports: [1954]\n',
    request: { filename: '', frames: 5, metadata: { exptime: 0.00001, counters: [0, 1, 2] } },
  },
];

for (const { name, calls, cut, ports, first, yaml, request } of recordings) {
  t.test(
    `every call of ${name} is answered with the recorded length and meaning`,
    { skip: withoutRecordings(name) },
    async (t) => {
      const service = new PlayedService(yaml);
      const recorded = recordedCalls(name);
      t.equal(recorded.length, calls, 'the capture was read whole');
      // Starts and stops of the modules come at once.
      let together: Promise<void>[] = [];
      for (const [index, { port, sent, received }] of recorded.entries()) {
        const id = sent.readInt32LE();
        const answered = service.call(port - 1954, sent).then((whole) => {
          // One recording ends within a reply.
          const reply = index === cut ? whole.subarray(0, received.length) : whole;
          const what = `call ${index}, ${id} of port ${port}`;
          if (reply.length !== received.length) t.equal(reply.length, received.length, `${what}: length`);
          t.equal(reply.readInt32LE(), received.readInt32LE(), `${what}: return code`);
          const running = service.group.status !== 0;
          if (!other.has(id) && !(id === F_GET_RECEIVER_PROGRESS.id && running))
            t.equal(reply.toString('hex'), received.toString('hex'), `${what}: payload`);
        });
        if (id === F_START_RECEIVER.id || id === F_STOP_RECEIVER.id) {
          together.push(answered);
          if (together.length < service.group.receivers.length) continue;
          await Promise.all(together);
          together = [];
          service.firstFrameNumber = first;
          service.ports = ports.map((udpPort) => portOf(udpPort, 5, first));
        } else {
          await answered;
        }
      }
      t.match(service.armed, [request], 'the acquisition became one request to arm');
      t.equal(service.armed.length, 1);
      t.equal(service.stops, 1);
    },
  );
}
