// Options of the file, checked, to the ServiceConfig that the rest of the program reads: camelCase, maps for ports, null for
// what is not set. The last step of `load.ts`.

import { parseSource, type Options } from './schema.js';
import { hostOffset } from './host-offset.js';
import type { ServiceConfig } from './service-config.js';
import { hostsOfPorts } from './udp-hosts.js';

/** One detector's options as configuration; `options` must have passed every check. `hostName` null: `frames_offset: hostname` is taken as 0. */
export function resolveOptions(name: string, options: Options, hostName: string | null = null): ServiceConfig {
  return {
    name,
    detector: {
      detector: options.detector,
      interfaces: options.interfaces,
      counters: options.counters,
      flat: options.flat,
      lowNibbleFirst: options.nibble_order === 'low_first',
      quad: options.quad,
      modules: options.modules,
      gapPixels: options.gap_pixels,
      dynamicRange: options.dynamic_range,
      tenGiga: options.ten_giga,
      readNRows: options.read_n_rows ?? null,
      udpPorts: options.udp_ports,
      portsOff: options.ports_off,
      flipRows: flips(options),
      portPositions: new Map(Object.entries(options.port_positions).map(([port, position]) => [Number(port), position])),
    },
    dynamicRangeMax: options.dynamic_range_max ?? options.dynamic_range,
    udpHosts: hostsOfPorts(options.udp_host, { ports: options.udp_ports.length, interfaces: options.interfaces }),
    udpSource: options.udp_source === undefined ? null : parseSource(options.udp_source),
    receiveBufferBytes: options.receive_buffer_bytes,
    receive: options.receive,
    receiveCoalesced: options.receive_coalesced,
    receiverThreads: options.receiver_threads ?? null,
    pinCpus: options.pin_cpus,
    send: options.send,
    dataHost: options.data_host,
    dataPort: options.data_port,
    apiHost: options.api_host,
    apiPort: options.api_port,
    apiTokenFile: options.api_token_file ?? null,
    apiNames: options.api_names ?? null,
    ring: ring(options),
    frameRateHz: options.frame_rate_hz ?? null,
    series: options.series,
    frames: options.frames,
    autoFilename: options.auto_filename ?? null,
    share: { stride: options.frames_stride, offset: options.frames_offset === 'hostname' ? (hostName === null ? 0 : (hostOffset(hostName) ?? 0)) : options.frames_offset },
    incompleteFrames: options.incomplete_frames,
    overtakeFrames: options.overtake_frames,
    frameTimeoutMs: options.frame_timeout_ms,
    drainMs: options.drain_ms,
    startWindowMs: options.start_window_ms,
    maxOwedFrames: options.max_owed_frames ?? null,
    seriesIdleMs: options.series_idle_ms,
    seriesTimeoutMs: options.series_timeout_ms ?? null,
    fillTailFrames: options.fill_tail_frames ?? null,
    closingTimeoutMs: options.closing_timeout_ms,
    consumerTimeoutMs: options.consumer_timeout_ms,
    consumerSource: options.consumer_source,
    consumerConnections: options.consumer_connections,
    flightRecorderPackets: options.flight_recorder_packets ?? null,
    flightRecorderDir: options.flight_recorder_dir ?? null,
  };
}

/** One value for all ports becomes one per port; ports not named follow the profile. */
function flips({ flip_rows, udp_ports }: Options): ReadonlyMap<number, boolean> {
  if (flip_rows === undefined) return new Map();
  if (typeof flip_rows === 'boolean') return new Map(udp_ports.map((port) => [port, flip_rows]));
  return new Map(Object.entries(flip_rows).map(([port, flip]) => [Number(port), flip]));
}

function ring({ ring_frames, ring_ms }: Options): ServiceConfig['ring'] {
  if (ring_frames !== undefined) return { frames: ring_frames };
  return ring_ms === undefined ? null : { milliseconds: ring_ms };
}
