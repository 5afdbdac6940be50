// The detector of the benchmarks: Eiger packets at a given frame rate, ports interleaved packet by packet as the
// hardware sends them, by sendmmsg. In C so that it is never the limit. Each frame has the same pixels: those of the
// file `pixels` (payloads port by port), or a pattern of bytes.
//
//   ports=50001:1:0,50002:0:0 (UDP port, row, column) packets=64 payload=4096 rate=1000 frames=5000 first=1 segment=1
//   [host=] [pixels=FILE] [stamps=FILE]
//
// `segment` datagrams are handed to the kernel as one buffer (UDP_SEGMENT); 1 = single datagrams. A frame's packets are spread
// evenly over its period, `group` of each port at a time. Prints JSON: packets, frames, seconds, and by how much the last packet of
// any frame was behind its time. `stamps` gets, per frame, its number and CLOCK_MONOTONIC in ns just before its last packets are
// handed to the kernel, as pairs of 64-bit integers.

#include "bench.h"

enum { portLimit = 128, messageLimit = 1024 };

int main(int count, char **values) {
  argumentCount = count;
  argumentValues = values;
  const int packets = number("packets", NULL), payload = number("payload", NULL), segment = number("segment", "1");
  const int group = segment > 1 ? segment : number("group", "16");
  const double rate = number("rate", NULL);
  const int64_t frames = number("frames", NULL), first = number("first", "1");
  const char *stampFile = text("stamps", "");
  const int packetBytes = headerBytes + payload;

  struct sockaddr_in addresses[portLimit];
  int rows[portLimit], columns[portLimit], ports = 0;
  for (const char *at = text("ports", NULL); at != NULL && ports < portLimit; ports++) {
    int port;
    if (sscanf(at, "%d:%d:%d", &port, &rows[ports], &columns[ports]) != 3) fail("ports");
    addresses[ports] = localAddress(text("host", "127.0.0.1"), port);
    at = strchr(at, ',');
    if (at != NULL) at++;
  }

  // One header and one payload per port and packet; a frame changes the frame numbers only.
  uint8_t *headers = calloc((size_t)ports * packets, headerBytes);
  uint8_t *payloads = malloc((size_t)ports * packets * payload);
  for (size_t i = 0; i < (size_t)ports * packets * payload; i++) payloads[i] = (i * 2654435761u) >> 24;
  const char *pixelFile = text("pixels", "");
  if (pixelFile[0] != 0) {
    const size_t wanted = (size_t)ports * packets;
    FILE *file = fopen(pixelFile, "rb");
    if (file == NULL || fread(payloads, payload, wanted, file) != wanted || fclose(file) != 0) fail(pixelFile);
  }
  struct iovec *pieces = calloc((size_t)ports * packets * 2, sizeof *pieces);
  for (int port = 0; port < ports; port++) {
    for (int packet = 0; packet < packets; packet++) {
      const size_t index = (size_t)port * packets + packet;
      uint8_t *header = headers + index * headerBytes;
      const uint32_t packetNumber = packet, constant = 0xe14a;
      const uint16_t row = rows[port], column = columns[port], module = 10 + port;
      memcpy(header + atPacketNumber, &packetNumber, 4);
      memcpy(header + 32, &module, 2);
      memcpy(header + atRow, &row, 2);
      memcpy(header + atColumn, &column, 2);
      memcpy(header + 40, &constant, 4);
      header[atDetectorType] = eiger;
      header[atVersion] = headerVersion;
      pieces[index * 2] = (struct iovec){header, headerBytes};
      pieces[index * 2 + 1] = (struct iovec){payloads + index * payload, payload};
    }
  }

  const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) fail("socket");
  const int sendBuffer = 8 << 20;
  if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &sendBuffer, 4) != 0) setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &sendBuffer, 4);
  char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
  struct cmsghdr *segmentSize = (struct cmsghdr *)control;
  *segmentSize = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
  const uint16_t segmentBytes = packetBytes;
  memcpy(CMSG_DATA(segmentSize), &segmentBytes, 2);

  // The messages of one group: packets from … to of all ports.
  struct mmsghdr messages[messageLimit];
  if (group * ports > messageLimit) fail("group");
  int64_t *stamps = stampFile[0] == 0 ? NULL : calloc(frames * 2, 8);
  sharpenSleeps();
  const int groups = (packets + group - 1) / group;
  const int64_t begin = now();
  int64_t behind = 0, sent = 0;
  for (int64_t frame = 0; frame < frames; frame++) {
    const uint64_t frameNumber = first + frame, timestamp = frame * (1e7 / rate);
    for (int index = 0; index < ports * packets; index++) {
      memcpy(headers + (size_t)index * headerBytes + atFrameNumber, &frameNumber, 8);
      memcpy(headers + (size_t)index * headerBytes + 24, &timestamp, 8);
    }
    for (int turn = 0; turn < groups; turn++) {
      const int from = turn * group, to = from + group < packets ? from + group : packets;
      int length = 0;
      for (int packet = from; packet < to; packet += segment) {
        const int together = packet + segment < to ? segment : to - packet;
        for (int port = 0; port < ports; port++, length++) {
          struct msghdr *message = &messages[length].msg_hdr;
          *message = (struct msghdr){.msg_name = &addresses[port], .msg_namelen = sizeof addresses[port],
            .msg_iov = pieces + ((size_t)port * packets + packet) * 2, .msg_iovlen = together * 2};
          if (segment > 1) {
            message->msg_control = control;
            message->msg_controllen = sizeof control;
          }
        }
      }
      const int64_t due = begin + (int64_t)((frame + (turn + 1.0) / groups) * 1e9 / rate);
      int64_t time = now();
      if (due - time > 20000) {
        sleepUntil(due);
        time = now();
      }
      if (turn == groups - 1) {
        if (time - due > behind) behind = time - due;
        if (stamps != NULL) {
          stamps[frame * 2] = frameNumber;
          stamps[frame * 2 + 1] = time;
        }
      }
      for (int done = 0; done < length;) {
        const int now = sendmmsg(descriptor, messages + done, length - done, 0);
        if (now < 0) {
          // No socket listens any more: the next datagram goes out all the same.
          if (errno == EINTR || errno == ECONNREFUSED) continue;
          fail("sendmmsg");
        }
        done += now;
      }
      sent += (int64_t)(to - from) * ports;
    }
  }
  const double seconds = (now() - begin) / 1e9;
  if (stamps != NULL) {
    FILE *file = fopen(stampFile, "wb");
    if (file == NULL || fwrite(stamps, 16, frames, file) != (size_t)frames || fclose(file) != 0) fail(stampFile);
  }
  printf("{\"packets\":%lld,\"frames\":%lld,\"seconds\":%.6f,\"behind_ms\":%.3f}\n", (long long)sent, (long long)frames, seconds, behind / 1e6);
  return 0;
}
