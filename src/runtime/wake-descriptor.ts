// What wakes a thread that sleeps in the system until one of its sockets has something: an eventfd(2) beside them in
// poll(2). Any thread of the process rings it by its number; the thread that was woken quiets it. Where C functions
// cannot be called, or the process may open no more descriptors, there is none, and a sleeping thread looks again when
// its time is over.

import { ffiUnavailable, libc } from './ffi.js';

/** EFD_NONBLOCK | EFD_CLOEXEC (sys/eventfd.h; x64, arm64). */
const flags = 0x80800;

/** Stands for "there is none"; poll passes over it. */
export const noDescriptor = -1;

const one = BigUint64Array.of(1n);
const counted = new BigUint64Array(1);

/** A new one, or `noDescriptor`. To be closed when no thread rings or sleeps any more. */
export function openWakeDescriptor(): number {
  return ffiUnavailable() === null ? libc().eventfd(0, flags) : noDescriptor;
}

/** Wake the thread that sleeps; one that is about to sleep wakes at once. */
export function ring(descriptor: number): void {
  // Refused only when 2⁶⁴ rings are unheard: then it rings already.
  if (descriptor !== noDescriptor) libc().write(descriptor, one, 8);
}

/** From here on a sleep lasts until it rings again. */
export function quiet(descriptor: number): void {
  if (descriptor !== noDescriptor) libc().read(descriptor, counted, 8);
}

export function closeWakeDescriptor(descriptor: number): void {
  if (descriptor !== noDescriptor) libc().close(descriptor);
}
