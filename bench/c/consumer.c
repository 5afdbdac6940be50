// The consumer of the benchmarks: pulls one series, checks that its message numbers are gapless and in order, counts, and throws the
// pixels away. Its CPU time is nobody's business.
//
//   library= endpoint= [timeout=60 s] [stamps=FILE]
//
// Prints JSON at the end of the series: images, bytes, complete, order_errors, and the `series_end` message as it came. `stamps`: per
// image its frame number and CLOCK_MONOTONIC in ns when its last part was there, as pairs of 64-bit integers.

#include "zmq.h"

static long long field(const char *json, const char *key, long long otherwise) {
  const char *at = strstr(json, key);
  return at == NULL ? otherwise : atoll(at + strlen(key));
}

int main(int count, char **values) {
  argumentCount = count;
  argumentValues = values;
  loadZmq(text("library", NULL));
  const char *stampFile = text("stamps", "");
  void *context = zmq.ctxNew(), *socket = zmq.socket(context, zmqPull);
  zmqOption(socket, zmqLinger, 0);
  zmqOption(socket, zmqRcvtimeo, number("timeout", "60") * 1000);
  if (zmq.connect(socket, text("endpoint", NULL)) != 0) fail("zmq_connect");
  enum { endBytes = 1 << 20 };
  char *json = malloc(endBytes);
  zmqMessage pixels;
  zmq.msgInit(&pixels);
  size_t room = 1 << 16, images = 0;
  int64_t *stamps = malloc(room * 16);
  unsigned long long bytes = 0, complete = 0, errors = 0;
  long long next = -1;
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    const int length = zmq.recv(socket, json, endBytes - 1, 0);
    if (length < 0) {
      if (errno == EINTR) continue;
      fail("no message");
    }
    json[length < endBytes ? length : endBytes - 1] = 0;
    const long long message = field(json, "\"msg_number\":", -1);
    if (next >= 0 && message != next) errors++;
    next = message + 1;
    if (strstr(json, "\"htype\":\"series_end\"") != NULL) break;
    if (strstr(json, "\"htype\":\"image\"") == NULL) {
      // The metadata of a header.
      while (zmqMore(socket)) if (zmq.msgRecv(&pixels, socket, 0) < 0) fail("no further part");
      continue;
    }
    if (zmq.msgRecv(&pixels, socket, 0) < 0) fail("no second part");
    if (images == room) stamps = realloc(stamps, (room *= 2) * 16);
    stamps[images * 2] = field(json, "\"frame_number\":", 0);
    stamps[images * 2 + 1] = now();
    images++;
    bytes += zmq.msgSize(&pixels);
    if (strstr(json, "\"complete\":true") != NULL) complete++;
  }
  if (stampFile[0] != 0) {
    FILE *file = fopen(stampFile, "wb");
    if (file == NULL || fwrite(stamps, 16, images, file) != images || fclose(file) != 0) fail(stampFile);
  }
  printf("{\"images\":%zu,\"bytes\":%llu,\"complete\":%llu,\"order_errors\":%llu,\"end\":%s}\n", images, bytes, complete, errors, json);
  zmq.msgClose(&pixels);
  zmq.close(socket);
  zmq.ctxTerm(context);
  return 0;
}
