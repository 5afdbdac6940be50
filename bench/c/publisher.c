// The yardsticks of sending: the messages of the service, as many per second, from a ring of frames as long as the
// service's. Three ways: `copy`, the same libzmq by zmq_send, which copies each frame; `lend`, the same libzmq by
// zmq_msg_init_data, which does not; `direct`, one consumer's connection by sendmsg, with ZMTP's few bytes by hand,
// straight from the ring. Binds a PUSH socket and begins when it is told "go" on standard input.
//
//   way= library= port= frameBytes= slotStride= slots= rate= frames= hwm= [stamps=FILE]
//
// Prints "ready", then JSON: CPU time of the whole process (libzmq's own threads included) from "go" until all is
// handed over and taken. `stamps`: per frame its number and CLOCK_MONOTONIC in ns just before it is sent, as pairs of
// 64-bit integers.

#include <sys/ioctl.h>
#include <linux/sockios.h>
#include "zmq.h"

enum { copy, lend, direct };
static int way;
static void *zmqSocket;
static int connection = -1;
/** Frames that libzmq has done with. */
static _Atomic int64_t returned;

static void rest(void) {
  const struct timespec time = {0, 1000000};
  nanosleep(&time, NULL);
}

static void giveBack(void *bytes, void *hint) {
  (void)bytes, (void)hint;
  atomic_fetch_add(&returned, 1);
}

static void handCopy(const void *bytes, size_t length, int flags) {
  while (zmq.send(zmqSocket, bytes, length, flags | zmqDontwait) < 0) {
    if (errno != EAGAIN && errno != EINTR) fail("zmq_send");
    rest();
  }
}

static void handLent(void *bytes, size_t length) {
  zmqMessage message;
  if (zmq.msgInitData(&message, bytes, length, giveBack, NULL) != 0) fail("zmq_msg_init_data");
  while (zmq.msgSend(&message, zmqSocket, zmqDontwait) < 0) {
    if (errno != EAGAIN && errno != EINTR) fail("zmq_msg_send");
    rest();
  }
}

static void writeAll(struct iovec *pieces, int count) {
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
  while (message.msg_iovlen > 0) {
    ssize_t sent = sendmsg(connection, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      fail("sendmsg");
    }
    while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
      sent -= message.msg_iov->iov_len;
      message.msg_iov++;
      message.msg_iovlen--;
    }
    if (message.msg_iovlen > 0) {
      message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
      message.msg_iov->iov_len -= sent;
    }
  }
}

/** Flags and length of a message part. */
static size_t head(uint8_t *at, size_t length, int more) {
  if (length < 256) {
    at[0] = more;
    at[1] = length;
    return 2;
  }
  at[0] = 2 | more;
  for (int i = 0; i < 8; i++) at[1 + i] = (uint64_t)length >> (8 * (7 - i));
  return 9;
}

/** One message: JSON, and pixels if there are any. */
static void hand(void *json, size_t length, void *pixels, size_t bytes) {
  if (way == direct) {
    uint8_t heads[18];
    const size_t first = head(heads, length, pixels != NULL);
    struct iovec pieces[4] = {{heads, first}, {json, length}};
    if (pixels != NULL) {
      pieces[2] = (struct iovec){heads + first, head(heads + first, bytes, 0)};
      pieces[3] = (struct iovec){pixels, bytes};
    }
    return writeAll(pieces, pixels == NULL ? 2 : 4);
  }
  handCopy(json, length, pixels == NULL ? 0 : zmqSndmore);
  if (pixels == NULL) return;
  if (way == copy) handCopy(pixels, bytes, 0);
  else handLent(pixels, bytes);
}

static void readAll(void *to, size_t bytes) {
  for (size_t got = 0; got < bytes;) {
    const ssize_t count = recv(connection, (char *)to + got, bytes - got, 0);
    if (count <= 0) fail("handshake");
    got += count;
  }
}

/** The first peer: greetings, then READY against READY. */
static void admit(int listener) {
  connection = accept(listener, NULL, NULL);
  if (connection < 0) fail("accept");
  const int buffer = 4 << 20;
  setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  uint8_t greeting[64] = {0xff, [9] = 0x7f, [10] = 3, [11] = 1, [12] = 'N', 'U', 'L', 'L'};
  static const uint8_t ready[] = "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\4PUSH";
  struct iovec first = {greeting, sizeof greeting}, second = {(void *)ready, sizeof ready - 1};
  writeAll(&first, 1);
  uint8_t theirs[64], command[258];
  readAll(theirs, sizeof theirs);
  readAll(command, 2);
  readAll(command + 2, command[1]);
  writeAll(&second, 1);
}

static int listenOn(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = localAddress("127.0.0.1", port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (listener < 0) fail("socket");
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4) != 0) fail("listen");
  return listener;
}

int main(int count, char **values) {
  argumentCount = count;
  argumentValues = values;
  const char *wayText = text("way", NULL);
  way = strcmp(wayText, "copy") == 0 ? copy : strcmp(wayText, "lend") == 0 ? lend : direct;
  const size_t frameBytes = number("frameBytes", NULL), slotStride = number("slotStride", NULL);
  const int64_t slots = number("slots", NULL), frames = number("frames", NULL);
  const double rate = number("rate", NULL);
  const int port = number("port", NULL);
  const char *stampFile = text("stamps", "");
  void *context = NULL;
  int listener = -1;
  if (way == direct) listener = listenOn(port);
  else {
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    loadZmq(text("library", NULL));
    context = zmq.ctxNew();
    zmqSocket = zmq.socket(context, zmqPush);
    zmqOption(zmqSocket, zmqSndhwm, number("hwm", NULL));
    zmqOption(zmqSocket, zmqLinger, 10000);
    if (zmq.bind(zmqSocket, endpoint) != 0) fail("zmq_bind");
  }
  uint8_t *ring = pages(slotStride * slots);
  for (size_t at = 0; at < slotStride * slots; at += 4096) ring[at] = at >> 12;
  int64_t *stamps = stampFile[0] == 0 ? NULL : calloc(frames * 2, 8);
  char json[512];
  printf("ready\n");
  fflush(stdout);
  if (way == direct) admit(listener);
  if (getchar() == EOF) return 1;

  sharpenSleeps();
  const int64_t cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), begin = now();
  int64_t message = 1;
  int length = snprintf(json, sizeof json, "{\"htype\":\"header\",\"msg_number\":%lld,\"filename\":\"\"}",
    (long long)message++);
  hand(json, length, NULL, 0);
  for (int64_t frame = 0; frame < frames; frame++) {
    const int64_t due = begin + (int64_t)((frame + 1) * 1e9 / rate);
    if (due - now() > 20000) sleepUntil(due);
    // A slot that is lent comes back before it is used again, as in the service.
    while (way == lend && frame - atomic_load(&returned) >= slots) rest();
    if (stamps != NULL) {
      stamps[frame * 2] = frame + 1;
      stamps[frame * 2 + 1] = now();
    }
    length = snprintf(json, sizeof json,
      "{\"htype\":\"image\",\"msg_number\":%lld,\"frame\":%lld,\"shape\":[514,514],\"type\":\"uint16\",\"compression\":\"none\",\"frame_number\":%lld,\"complete\":true,\"missing_packets\":0,\"timestamp\":%lld,\"sub_frames\":0}",
      (long long)message++, (long long)frame, (long long)frame + 1, (long long)frame * 10000);
    hand(json, length, ring + (frame % slots) * slotStride, frameBytes);
  }
  length = snprintf(json, sizeof json, "{\"htype\":\"series_end\",\"msg_number\":%lld}", (long long)message);
  hand(json, length, NULL, 0);
  if (way == direct) {
    for (int waiting = 1; ioctl(connection, SIOCOUTQ, &waiting) == 0 && waiting > 0;) rest();
    close(connection);
  } else {
    zmq.close(zmqSocket);
    zmq.ctxTerm(context);
  }
  const int64_t spent = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  const double seconds = (now() - begin) / 1e9;
  if (stamps != NULL) {
    FILE *file = fopen(stampFile, "wb");
    if (file == NULL || fwrite(stamps, 16, frames, file) != (size_t)frames || fclose(file) != 0) fail(stampFile);
  }
  printf("{\"frames\":%lld,\"cpu_ns\":%lld,\"seconds\":%.6f}\n", (long long)frames, (long long)spent, seconds);
  return 0;
}
