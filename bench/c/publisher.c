// The yardstick of sending: the messages of the service, as many per second, through the same libzmq by zmq_send, from a ring of
// frames as long as the service's. Binds a PUSH socket and begins when it is told "go" on standard input.
//
//   library= endpoint= frameBytes= slotStride= slots= rate= frames= hwm= [stamps=FILE]
//
// Prints "ready", then JSON: CPU time of the whole process (libzmq's own threads included) from "go" until all is handed over and
// taken. `stamps`: per frame its number and CLOCK_MONOTONIC in ns just before zmq_send, as pairs of 64-bit integers.

#include "zmq.h"

static void hand(void *socket, const void *bytes, size_t length, int flags) {
  while (zmq.send(socket, bytes, length, flags | zmqDontwait) < 0) {
    if (errno != EAGAIN && errno != EINTR) fail("zmq_send");
    const struct timespec rest = {0, 1000000};
    nanosleep(&rest, NULL);
  }
}

int main(int count, char **values) {
  argumentCount = count;
  argumentValues = values;
  loadZmq(text("library", NULL));
  const size_t frameBytes = number("frameBytes", NULL), slotStride = number("slotStride", NULL);
  const int64_t slots = number("slots", NULL), frames = number("frames", NULL);
  const double rate = number("rate", NULL);
  const char *stampFile = text("stamps", "");
  void *context = zmq.ctxNew(), *socket = zmq.socket(context, zmqPush);
  zmqOption(socket, zmqSndhwm, number("hwm", NULL));
  zmqOption(socket, zmqLinger, 10000);
  if (zmq.bind(socket, text("endpoint", NULL)) != 0) fail("zmq_bind");
  uint8_t *ring = pages(slotStride * slots);
  for (size_t at = 0; at < slotStride * slots; at += 4096) ring[at] = at >> 12;
  int64_t *stamps = stampFile[0] == 0 ? NULL : calloc(frames * 2, 8);
  char json[512];
  printf("ready\n");
  fflush(stdout);
  if (getchar() == EOF) return 1;

  sharpenSleeps();
  const int64_t cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), begin = now();
  int64_t message = 1;
  hand(socket, json, snprintf(json, sizeof json, "{\"htype\":\"header\",\"msg_number\":%lld,\"filename\":\"\"}", (long long)message++), 0);
  for (int64_t frame = 0; frame < frames; frame++) {
    const int64_t due = begin + (int64_t)((frame + 1) * 1e9 / rate);
    if (due - now() > 20000) sleepUntil(due);
    if (stamps != NULL) {
      stamps[frame * 2] = frame + 1;
      stamps[frame * 2 + 1] = now();
    }
    const int length = snprintf(json, sizeof json,
      "{\"htype\":\"image\",\"msg_number\":%lld,\"frame\":%lld,\"shape\":[514,514],\"type\":\"uint16\",\"compression\":\"none\",\"frame_number\":%lld,\"complete\":true,\"missing_packets\":0,\"timestamp\":%lld,\"sub_frames\":0}",
      (long long)message++, (long long)frame, (long long)frame + 1, (long long)frame * 10000);
    hand(socket, json, length, zmqSndmore);
    hand(socket, ring + (frame % slots) * slotStride, frameBytes, 0);
  }
  hand(socket, json, snprintf(json, sizeof json, "{\"htype\":\"series_end\",\"msg_number\":%lld}", (long long)message), 0);
  zmq.close(socket);
  zmq.ctxTerm(context);
  const int64_t spent = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  const double seconds = (now() - begin) / 1e9;
  if (stamps != NULL) {
    FILE *file = fopen(stampFile, "wb");
    if (file == NULL || fwrite(stamps, 16, frames, file) != (size_t)frames || fclose(file) != 0) fail(stampFile);
  }
  printf("{\"frames\":%lld,\"cpu_ns\":%lld,\"seconds\":%.6f}\n", (long long)frames, (long long)spent, seconds);
  return 0;
}
