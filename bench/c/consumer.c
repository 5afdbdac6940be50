// The consumer of the benchmarks: pulls one series, checks that its message numbers are gapless and in order, counts, and throws the
// pixels away. Its CPU time is not measured.
//
//   library= endpoint= [timeout=60 s] [stamps=FILE]
//
// Several endpoints have commas between: sockets of one stream, whose messages come in any order; then each number once, and no gap.
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
  char *endpoints = strdup(text("endpoint", NULL));
  const int several = strchr(endpoints, ',') != NULL;
  for (char *one = strtok(endpoints, ","); one != NULL; one = strtok(NULL, ","))
    if (zmq.connect(socket, one) != 0) fail("zmq_connect");
  enum { endBytes = 1 << 20 };
  char *json = malloc(endBytes);
  zmqMessage pixels;
  zmq.msgInit(&pixels);
  size_t room = 1 << 16, images = 0;
  int64_t *stamps = malloc(room * 16);
  unsigned long long bytes = 0, complete = 0, errors = 0;
  long long next = -1, first = 0, lowest = 0, highest = -1, messages = 0;
  enum { span = 1 << 22 };
  unsigned char *seen = calloc(span, 1);
  char *end = NULL;
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
    if (!several && next >= 0 && message != next) errors++;
    next = message + 1;
    if (messages++ == 0) first = lowest = highest = message;
    if (message < lowest) lowest = message;
    if (message > highest) highest = message;
    const long long place = message - first + span / 2;
    if (place < 0 || place >= span) fail("a number that is far from the first");
    if (seen[place]++ != 0) errors++;
    if (strstr(json, "\"htype\":\"series_end\"") != NULL) {
      end = strdup(json);
      if (!several || messages == highest - lowest + 1) break;
      continue;
    }
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
    if (end != NULL && messages == highest - lowest + 1) break;
  }
  if (stampFile[0] != 0) {
    FILE *file = fopen(stampFile, "wb");
    if (file == NULL || fwrite(stamps, 16, images, file) != images || fclose(file) != 0) fail(stampFile);
  }
  printf("{\"images\":%zu,\"bytes\":%llu,\"complete\":%llu,\"order_errors\":%llu,\"end\":%s}\n", images, bytes, complete, errors, end);
  zmq.msgClose(&pixels);
  zmq.close(socket);
  zmq.ctxTerm(context);
  return 0;
}
