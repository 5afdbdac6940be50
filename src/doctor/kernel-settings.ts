// What files of the kernel tell about reverse-path filter, memory of UDP, reassembly and free pages. Comes in: a reader
// of files; goes out: figures for the doctor's checks, null where nothing can be read.
// Tested by test/doctor/machine.test.ts.

import type { ReadFile } from './control-group.js';

/** A page size in bytes is a power of two; the kernel tells it only as the ratio of two figures. */
function pageBytes(read: ReadFile): number {
  const kilobytes = Number(/^VmSize:\s*(\d+) kB$/m.exec(read('/proc/self/status') ?? '')?.[1]);
  const pages = Number((read('/proc/self/statm') ?? '').split(' ')[0]);
  const ratio = (kilobytes * 1024) / pages;
  return Number.isFinite(ratio) && ratio >= 1 ? 2 ** Math.round(Math.log2(ratio)) : 4096;
}

/** The stricter of the interface's and that of all: 0 off, 1 strict, 2 loose; the kernel takes the larger number. */
export function reversePathFilter(read: ReadFile, link: string): number | null {
  const values = ['all', link].map((name) => wholeIn(read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)));
  return values.includes(null) ? null : Math.max(...(values as number[]));
}

/** The third of three figures in pages. */
export function udpMemoryBytes(read: ReadFile): { most: number; page: number } | null {
  const pages = Number((read('/proc/sys/net/ipv4/udp_mem') ?? '').trim().split(/\s+/)[2]);
  const page = pageBytes(read);
  return Number.isInteger(pages) && pages > 0 ? { most: pages * page, page } : null;
}

/** Datagrams of which a fragment never came, IPv4 and IPv6 together. */
export function reassemblyFails(read: ReadFile): number | null {
  const [names = [], values = []] = (read('/proc/net/snmp') ?? '')
    .split('\n')
    .filter((line) => line.startsWith('Ip:'))
    .map((line) => line.trim().split(/\s+/));
  const four = Number(values[names.indexOf('ReasmFails')]);
  if (!Number.isFinite(four)) return null;
  return four + Number(/^Ip6ReasmFails\s+(\d+)$/m.exec(read('/proc/net/snmp6') ?? '')?.[1] ?? 0);
}

/**
 * Linux 5.14 and later set the order of pages once a driver (virtio_balloon) reports them; before that it is −1, as
 * unsigned.
 */
export function reportsFreePages(read: ReadFile): boolean | null {
  const order = wholeIn(read('/sys/module/page_reporting/parameters/page_reporting_order'));
  const reported = wholeIn(read('/sys/module/page_reporting/parameters/reported_kib'));
  if (reported !== null && reported > 0) return true;
  return order === null ? null : order >= 0 && order < 64;
}

function wholeIn(text: string | null): number | null {
  return text === null || !/^-?\d+\s*$/.test(text) ? null : Number(text);
}
