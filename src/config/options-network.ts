// Options of what comes in and goes out: the ports of the packets, the zmq stream, the HTTP interface.
// Tested by test/config/schema.test.ts.

import { isIP } from 'node:net';
import { z } from 'zod';
import { compressions } from '../contract/compressions.js';
import { parseNetwork, parseSource } from './networks.js';
import { socketsMost } from '../memory/socket-words.js';
import { address, noted, oneOf, port, whole, wholeOrUnset } from './option.js';
import { choices, wayInFacts, wayOutFacts } from './ways.js';

const source = z.string().refine((text) => parseSource(text) !== null);
const anyPort = z.int().min(0).max(65535);
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})$/;

/** In the order of the reference. */
export const networkOptions = {
  udp_host: noted(z.union([address, z.array(address).min(1).max(256)]).default('127.0.0.1'), {
    unit: null,
    range:
      'an IPv4 or IPv6 address of this machine, or a list of them: one for each port of udp_ports, or with ' +
      'interfaces: 2 that of udp_dstip and that of udp_dstip2',
    description: 'Address on which packets are received; several network cards: a list.',
  }),
  udp_ports: noted(z.array(port).min(1).max(256), {
    unit: null,
    range: 'a list of ports, each 1 to 65535: as many as the units have together',
    description: 'UDP ports in the order of udp_dstport and udp_dstport2 of module 0, module 1 and so on.',
  }),
  udp_source: noted(z.union([source, z.array(source).min(1).max(256)]).optional(), {
    unit: null,
    range:
      '"address", "address:port" (an IPv6 address in brackets) or "network/bits", or a list of them: ' +
      'several modules and interfaces',
    description: "Only packets from there are the detector's; others are counted as foreign.",
    unset: 'any source',
  }),
  enforce_source: noted(z.boolean().default(false), {
    unit: null,
    range: 'true or false',
    description:
      'Take packets of a port only from the sender that its series began with; others are counted as foreign. ' +
      'Without it a second sender is only told.',
  }),
  receive_buffer_bytes: whole(
    {
      unit: 'bytes',
      from: 65536,
      to: 1073741823,
      says: 'Socket buffer asked of the kernel for each port; what was granted is reported.',
    },
    104857600,
  ),
  receive: noted(z.enum(choices(wayInFacts)).default('auto'), {
    unit: null,
    range: oneOf(choices(wayInFacts)),
    description:
      'How packets are received: batched system calls (Linux), or node:dgram everywhere; auto takes the first that ' +
      'works.',
  }),
  receive_coalesced: noted(z.boolean().default(false), {
    unit: null,
    range: 'true or false',
    description:
      'Take datagrams that the kernel has coalesced (UDP_GRO): cheaper for senders with UDP_SEGMENT, but kernel ' +
      'drops become an estimate. Detectors send single datagrams.',
  }),
  receiver_threads: noted(z.int().min(1).max(128).optional(), {
    unit: 'threads',
    range: '1 to 128',
    description: 'Receiver threads that share the ports.',
    unset:
      'as few as stay below half a core each at frame_rate_hz; where it is unknown one per port, as far as cores go',
  }),
  encoder_threads: noted(z.int().min(1).max(128).optional(), {
    unit: 'threads',
    range: '1 to 128',
    description: 'Threads that make forms of frames: compress, cut, turn, mirror and mask them.',
    unset: 'as many as frame_rate_hz needs (1000 Hz where it is unknown), at most as many as there are cores',
  }),
  receiver_priority: noted(z.enum(['realtime', 'normal']).default('realtime'), {
    unit: null,
    range: 'realtime or normal',
    description:
      'Receiver threads come before everything else that runs on the machine, where the process may raise them ' +
      '(CAP_SYS_NICE): as real-time threads where two cores are left to the streamer and the others, else as the ' +
      'first of the ordinary ones (nice -20); normal = they share it.',
  }),
  pin_cpus: noted(z.array(z.int().min(0).max(1023)).default([]), {
    unit: null,
    range: 'a list of CPU numbers',
    description:
      'CPUs for the receiver threads and the encoders, one after the other, and the last for the streamer; empty = ' +
      'the scheduler decides.',
  }),
  send: noted(z.enum(choices(wayOutFacts)).default('auto'), {
    unit: null,
    range: oneOf(choices(wayOutFacts)),
    description:
      "How messages leave: by zmq's protocol spoken by the service itself (zmtp), by libzmq called directly, or by " +
      'zeromq.js; auto takes the first that can be had.',
  }),
  send_buffer_bytes: wholeOrUnset(
    {
      unit: 'bytes',
      from: 65536,
      to: 1073741823,
      says:
        'Send buffer asked of the kernel for each connection of the consumer, with send: zmtp; what was granted is ' +
        'reported. What lies there is lost with a consumer that goes.',
    },
    'four frames, 4 MiB at least and 64 MiB at most',
  ),

  data_host: noted(address.default('127.0.0.1'), {
    unit: null,
    range: 'an IPv4 or IPv6 address of this machine',
    description: 'Address on which the zmq stream is offered.',
  }),
  compression: noted(z.enum(compressions).default('none'), {
    unit: null,
    range: compressions.join(' or '),
    description:
      "How frames leave: as they are, or compressed with bitshuffle and LZ4 (HDF5's filter 32008). Ask first whether " +
      'every consumer decodes.',
  }),
  data_port: noted(z.union([anyPort, z.array(anyPort).min(1).max(socketsMost)]).default(9999), {
    unit: null,
    range: `a whole number, 0 to 65535, or a list of up to ${socketsMost} of them`,
    description:
      'TCP port of the zmq stream; 0 takes any free one. Several: images leave by them in turns, header and ' +
      'series_end by the first, and a consumer connects to each.',
  }),
  preview: noted(
    z
      .strictObject({
        port: anyPort,
        rate_hz: z.number().min(0.1).max(100).default(10),
        form: z.enum(['plain', 'as_sent']).default('plain'),
      })
      .optional(),
    {
      unit: null,
      range:
        'a map of port (0 to 65535, 0 takes any free one), rate_hz (0.1 to 100, default 10) and form (plain or ' +
        'as_sent, default plain)',
      description:
        'A zmq PUB socket for live viewers, on data_host: the messages of the stream, latest frames only. It never ' +
        'holds the stream up. plain: pixels as they are; as_sent: in the form of the stream.',
      unset: 'none',
    },
  ),
  api_host: noted(address.default('127.0.0.1'), {
    unit: null,
    range: 'an IPv4 or IPv6 address of this machine',
    description: 'Address of the HTTP interface.',
  }),
  api_port: whole(
    { unit: null, from: 0, to: 65535, says: 'TCP port of the HTTP interface; 0 takes any free one.' },
    5000,
  ),
  api_token_file: noted(z.string().min(1).optional(), {
    unit: null,
    range: 'the path of a file that holds the token',
    description:
      'Requests that change something (arm, stop, downsample, flight recorder) need the token in this file; reading ' +
      'is open to all.',
    unset:
      'the token in the file that the environment variable VDCU_API_TOKEN_FILE names, or in VDCU_API_TOKEN itself, ' +
      'or none',
  }),
  api_names: noted(z.array(z.string().regex(hostName)).optional(), {
    unit: null,
    range: 'a list of host names',
    description:
      'Names of this service in browsers and proxies, beside addresses, localhost and the name of the machine; ' +
      'others are refused.',
    unset: 'any name, but none when api_host is a loopback address',
  }),

  receiver_ports: noted(z.array(z.int().min(0).max(65535)).max(1024).default([]), {
    unit: null,
    range: 'a list of ports, one for each unit of modules (a quad is one), 0 = any free one; empty = off',
    description:
      "TCP ports on which PSI's own client finds this service as its receiver (rx_hostname " +
      'HOST:1954+HOST:1955+), one for each module in their order.',
  }),
  receiver_host: noted(
    z
      .string()
      .refine((text) => isIP(text) === 4)
      .optional(),
    {
      unit: null,
      range: 'an IPv4 address of this machine',
      description: "Address of receiver_ports; PSI's client speaks IPv4 only.",
      unset: 'the first address of udp_host',
    },
  ),
  receiver_source: noted(z.array(z.string().refine((text) => parseNetwork(text) !== null)).default([]), {
    unit: null,
    range: 'a list of IPv4 addresses or networks, as 192.0.2.7 or 10.1.0.0/16',
    description: "From where PSI's client may call; its protocol has no password. Empty = from anywhere.",
  }),
  sls_preview: noted(z.boolean().default(false), {
    unit: null,
    range: 'true or false; needs receiver_ports',
    description:
      "PSI's preview stream beside the frames: one zmq PUB socket for each UDP port, as slsReceiver has it, for " +
      "PSI's GUI and scripts, on receiver_host. Open while the client has set rx_zmqstream 1. It may skip frames.",
  }),
  receiver_release: noted(z.union([z.literal(8), z.literal(9), z.literal(10)]).default(10), {
    unit: null,
    range: '8, 9 or 10',
    description: "Release of PSI's client (slsDetectorPackage) that calls; it refuses a receiver of another one.",
  }),
} as const;
