// The yardstick of receiving and placing: what a C programmer would write to take one port's datagrams from its socket with
// recvmmsg, check each, note it in a bitmap and copy its pieces to their place in a ring of frames, and to hand over what is complete.
// The same socket options, batch, waits and layout of landing buffers as the service has.
//
//   port= row= column= slots= slotStride= packetBytes= batch= landingStride= coalesced=0|buffers bufferBytes= pause=0|1 packets=
//   warm=FRAMES last=FRAME, and on standard input 32-bit integers: starts[packets + 1], pieces[3 × starts[packets]] (from, to, bytes)
//
// Prints "ready"; then counts once `warm` frames are complete, until frame `last` is, or nothing comes for 0.3 s; then prints
// JSON; `cpu_ns` is null where `warm` frames were never complete.
// CPU time is the scheduler's figure for this thread, read from /proc as it is for the service's threads.

#include "bench.h"

/** What stands beside a slot, as in a slot record. */
typedef struct {
  _Atomic uint64_t published;
  uint64_t frameNumber;
  int32_t accepted, highest;
  uint8_t header[headerBytes];
  uint32_t bits[16];
} Slot;

/** The service's rule for a short sleep between calls (src/assembly/receive-pause.ts), here to compare like with like. */
typedef struct { int turns; int64_t packets, since, last, silence, sleep; double rate, buffered; } Pause;

static void note(Pause *pause, int packets, int lacking, int64_t time) {
  if (packets == 0) {
    if (pause->rate > 0) pause->turns = pause->sleep = pause->rate = 0;
    return;
  }
  const int turn = pause->turns++;
  if (turn > 1 && time - pause->last > pause->silence) pause->silence = time - pause->last;
  if (turn == 1) {
    pause->since = time;
    pause->packets = pause->silence = 0;
  } else if (turn > 16) {
    const double elapsed = (time - pause->since) / 1e3, busy = pause->rate > 0 ? elapsed : (elapsed - pause->silence / 1e3) * 16 / 15;
    const int fast = pause->packets >= 8e-3 * elapsed, small = pause->rate > 0 || pause->packets < 16 * 16;
    pause->rate = fast && small ? pause->packets / (busy < 1 ? 1 : busy) : 0;
    pause->turns = 2;
    pause->since = time;
    pause->packets = pause->silence = 0;
  }
  pause->last = time;
  pause->packets += packets;
  if (pause->rate == 0) {
    pause->sleep = 0;
    return;
  }
  const int most = pause->rate > 0.04 ? 32 : 64;
  double batch = (double)lacking / ((lacking + most - 1) / most), wanted = 2000;
  if (batch < 8) batch = 8;
  if (batch / pause->rate < wanted) wanted = batch / pause->rate;
  if (pause->buffered / 4 / pause->rate < wanted) wanted = pause->buffered / 4 / pause->rate;
  pause->sleep = (int64_t)(wanted * 1000);
}

static int64_t cpuTime(void) {
  char line[128] = {0};
  FILE *file = fopen("/proc/thread-self/schedstat", "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) fail("schedstat");
  fclose(file);
  return atoll(line);
}

static void readAll(void *to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) != bytes) fail("piece table");
}

int main(int count, char **values) {
  argumentCount = count;
  argumentValues = values;
  const int packets = number("packets", NULL), slots = number("slots", NULL), batch = number("batch", NULL), coalesced = number("coalesced", "0");
  const size_t slotStride = number("slotStride", NULL), landingStride = number("landingStride", NULL);
  const int packetBytes = number("packetBytes", NULL), asked = number("bufferBytes", NULL), pauses = number("pause", "0");
  const uint16_t row = number("row", NULL), column = number("column", NULL);
  const uint64_t warm = number("warm", NULL), last = number("last", NULL);
  const uint32_t identity = eiger | headerVersion << 8, position = row | (uint32_t)column << 16;

  int32_t *starts = malloc((packets + 1) * 4);
  readAll(starts, (packets + 1) * 4);
  int32_t *pieces = malloc((size_t)starts[packets] * 12);
  readAll(pieces, (size_t)starts[packets] * 12);

  const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) fail("socket");
  struct sockaddr_in address = localAddress("127.0.0.1", number("port", NULL));
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  const int one = 1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &asked, 4) != 0) setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &asked, 4);
  if (setsockopt(descriptor, SOL_SOCKET, SO_RXQ_OVFL, &one, 4) != 0) fail("SO_RXQ_OVFL");
  if (coalesced > 0 && setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &one, 4) != 0) fail("UDP_GRO");
  const struct timeval wait = {.tv_usec = 10000};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  int granted;
  socklen_t grantedBytes = 4;
  getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &granted, &grantedBytes);
  if (pauses) sharpenSleeps();

  const int buffers = coalesced > 0 ? coalesced : batch;
  uint8_t *ring = pages(slotStride * slots), *landing = pages(landingStride * buffers);
  Slot *records = (Slot *)pages(sizeof(Slot) * slots);
  // All of it is there before the first packet: faults within the measurement cost packets, and are not what is measured.
  memset(ring, 0, slotStride * slots);
  memset(landing, 0, landingStride * buffers);
  memset(records, 0, sizeof(Slot) * slots);
  struct mmsghdr *messages = calloc(buffers, sizeof *messages);
  struct iovec *vectors = calloc(buffers, sizeof *vectors);
  enum { controlBytes = CMSG_SPACE(4) + CMSG_SPACE(4) };
  uint8_t *controls = calloc(buffers, controlBytes);
  for (int i = 0; i < buffers; i++) {
    vectors[i] = (struct iovec){landing + i * landingStride, landingStride};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = vectors + i, .msg_iovlen = 1};
  }
  const double held = granted / (2.0 * landingStride + 1024);
  Pause pause = {.buffered = (held < buffers ? held : buffers) * batch / buffers};

  uint64_t received = 0, accepted = 0, complete = 0, rejected = 0, calls = 0, newest = 0, reordered = 0, lateOrDouble = 0;
  uint64_t measuredPackets = 0, measuredCalls = 0;
  uint32_t drops = 0;
  int64_t cpu = -1, wall = 0, lastAt = now();
  printf("ready\n");
  fflush(stdout);

  while (newest < last || complete < last) {
    if (cpu < 0 && complete >= warm) {
      cpu = cpuTime();
      wall = now();
      measuredPackets = received;
      measuredCalls = calls;
    }
    if (pauses && pause.sleep > 0) {
      const struct timespec sleep = {0, pause.sleep};
      nanosleep(&sleep, NULL);
    }
    const int64_t turnAt = now();
    const int controlled = coalesced > 0 ? buffers : 1;
    for (int i = 0; i < controlled; i++) {
      messages[i].msg_hdr.msg_control = controls + i * controlBytes;
      messages[i].msg_hdr.msg_controllen = controlBytes;
    }
    const int filled = recvmmsg(descriptor, messages, buffers, MSG_TRUNC | MSG_WAITFORONE, NULL);
    calls++;
    const int64_t time = now();
    if (filled <= 0) {
      if (filled < 0 && errno != EAGAIN && errno != EINTR) fail("recvmmsg");
      if (pauses) note(&pause, 0, 0, turnAt);
      if (received > 0 && time - lastAt > 300000000) break;
      continue;
    }
    lastAt = time;
    const uint64_t before = received;
    
    for (int buffer = 0; buffer < filled; buffer++) {
      const int bytes = messages[buffer].msg_len;
      int size = bytes;
      if (buffer < controlled) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&messages[buffer].msg_hdr); c != NULL; c = CMSG_NXTHDR(&messages[buffer].msg_hdr, c)) {
          if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) memcpy(&drops, CMSG_DATA(c), 4);
          if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) memcpy(&size, CMSG_DATA(c), 4);
        }
      }
      for (int within = 0; within < bytes; within += size) {
        const uint8_t *at = landing + buffer * landingStride + within;
        const int length = size < bytes - within ? size : bytes - within;
        received++;
        uint16_t kind;
        uint32_t place, packet;
        uint64_t frameNumber;
        memcpy(&kind, at + atDetectorType, 2);
        memcpy(&place, at + atRow, 4);
        memcpy(&packet, at + atPacketNumber, 4);
        memcpy(&frameNumber, at + atFrameNumber, 8);
        if (length != packetBytes || kind != identity || place != position || packet >= (uint32_t)packets || frameNumber == 0 || frameNumber >> 53 != 0) {
          rejected++;
          continue;
        }
        const uint64_t slot = frameNumber % slots;
        Slot *record = records + slot;
        if (record->frameNumber != frameNumber) {
          if (record->frameNumber > frameNumber) {
            lateOrDouble++;
            continue;
          }
          record->frameNumber = frameNumber;
          record->accepted = 0;
          record->highest = -1;
          memcpy(record->header, at, headerBytes);
          memset(record->bits, 0, sizeof record->bits);
        }
        const uint32_t bit = 1u << (packet & 31);
        if (record->bits[packet >> 5] & bit) {
          lateOrDouble++;
          continue;
        }
        record->bits[packet >> 5] |= bit;
        if (frameNumber < newest || (int32_t)packet < record->highest) reordered++;
        if ((int32_t)packet > record->highest) record->highest = packet;
        if (frameNumber > newest) newest = frameNumber;
        uint8_t *frame = ring + slot * slotStride;
        for (int32_t piece = starts[packet] * 3; piece < starts[packet + 1] * 3; piece += 3) {
          memcpy(frame + pieces[piece + 1], at + headerBytes + pieces[piece], pieces[piece + 2]);
        }
        accepted++;
        if (++record->accepted == packets) {
          complete++;
          atomic_store(&record->published, frameNumber);
        }
      }
    }
    if (pauses) {
      const Slot *record = records + newest % slots;
      note(&pause, received - before, record->accepted < packets ? packets - record->accepted : packets, turnAt);
    }
  }
  // Without `warm` complete frames nothing was measured.
  char spent[32] = "null";
  if (cpu >= 0) snprintf(spent, sizeof spent, "%lld", (long long)(cpuTime() - cpu));
  printf("{\"packets\":%llu,\"cpu_ns\":%s,\"calls\":%llu,\"seconds\":%.6f,\"received\":%llu,\"accepted\":%llu,\"complete\":%llu,\"rejected\":%llu,\"double\":%llu,\"reordered\":%llu,\"drops\":%u,\"granted\":%d}\n",
    (unsigned long long)(received - measuredPackets), spent, (unsigned long long)(calls - measuredCalls), (lastAt - wall) / 1e9, (unsigned long long)received,
    (unsigned long long)accepted, (unsigned long long)complete, (unsigned long long)rejected, (unsigned long long)lateOrDouble, (unsigned long long)reordered, drops, granted / 2);
  return 0;
}
