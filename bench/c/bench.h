// What the C programs of the benchmarks share: key=value arguments, clocks, an Eiger packet header's offsets, libzmq's functions.
// Each program includes it once; bench/compile.ts compiles them.

#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { headerBytes = 48, atFrameNumber = 0, atPacketNumber = 12, atRow = 34, atColumn = 36, atDetectorType = 46, atVersion = 47 };
enum { eiger = 1, headerVersion = 2 };
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static int argumentCount;
static char **argumentValues;

static inline void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline const char *text(const char *name, const char *otherwise) {
  const size_t length = strlen(name);
  for (int i = 1; i < argumentCount; i++) {
    if (strncmp(argumentValues[i], name, length) == 0 && argumentValues[i][length] == '=') return argumentValues[i] + length + 1;
  }
  if (otherwise == NULL) {
    fprintf(stderr, "argument %s=… is missing\n", name);
    exit(2);
  }
  return otherwise;
}

static inline double number(const char *name, const char *otherwise) { return atof(text(name, otherwise)); }

static inline int64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static inline int64_t now(void) { return nanoseconds(CLOCK_MONOTONIC); }

static inline void sleepUntil(int64_t due) {
  struct timespec until = {due / 1000000000, due % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
}

/** Sleeps end at once when they are due. */
static inline void sharpenSleeps(void) { prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0); }

static inline struct sockaddr_in localAddress(const char *host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail(host);
  return address;
}

/** Zeroed memory as the service gets it: pages from the kernel, touched by nobody, large ones where the kernel has them. */
static inline uint8_t *pages(size_t bytes) {
  const size_t large = (size_t)1 << 21;
  uint8_t *memory = mmap(NULL, bytes + large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  madvise(memory, bytes + large, MADV_HUGEPAGE);
  return (uint8_t *)(((uintptr_t)memory + large - 1) & ~(large - 1));
}
