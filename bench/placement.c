// The yardstick of bench/placement.ts: what a C programmer would write to check a packet, note it in a bitmap and place its pieces.
// Reads the piece table and the sizes from standard input as 32-bit integers; prints nanoseconds of CPU per packet, one line per run.
//
//   packets slots slotStride landingStride batchPackets packetBytes runs batchesPerRun starts[packets + 1] pieces[3 × starts[packets]]

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { headerBytes = 48 };

static int32_t readInt(void) {
  int32_t value;
  if (fread(&value, 4, 1, stdin) != 1) exit(2);
  return value;
}

static uint32_t word(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return value;
}

int main(void) {
  const int32_t packets = readInt(), slots = readInt(), slotStride = readInt(), landingStride = readInt(), batch = readInt(), packetBytes = readInt(), runs = readInt(), batches = readInt();
  int32_t *starts = malloc((packets + 1) * 4);
  for (int32_t i = 0; i <= packets; i++) starts[i] = readInt();
  int32_t *pieces = malloc(starts[packets] * 12);
  for (int32_t i = 0; i < starts[packets] * 3; i++) pieces[i] = readInt();
  uint8_t *ring = aligned_alloc(128, (size_t)slots * slotStride);
  memset(ring, 1, (size_t)slots * slotStride);
  uint8_t *landing = aligned_alloc(128, (size_t)batch * landingStride);
  memset(landing, 2, (size_t)batch * landingStride);
  int32_t *lengths = malloc(batch * 4);
  uint64_t *numbers = calloc(slots, 8);
  const int32_t bitmapWords = (packets + 31) / 32;
  uint32_t *bitmaps = calloc((size_t)slots * bitmapWords, 4);
  int32_t *accepted = calloc(slots, 4);
  for (int32_t i = 0; i < batch; i++) {
    uint8_t *at = landing + (size_t)i * landingStride;
    const uint32_t packet = i % packets;
    lengths[i] = packetBytes;
    memset(at, 0, headerBytes);
    memcpy(at + 12, &packet, 4);
    at[46] = 1;
    at[47] = 2;
  }
  uint64_t next = 1, placed = 0, complete = 0;
  for (int32_t run = 0; run < runs; run++) {
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int32_t turn = 0; turn < batches; turn++) {
      for (int32_t i = 0; i < batch; i++) {
        const uint64_t number = next + i / packets;
        memcpy(landing + (size_t)i * landingStride, &number, 8);
      }
      next += batch / packets;
      for (int32_t i = 0; i < batch; i++) {
        const uint8_t *at = landing + (size_t)i * landingStride;
        if (lengths[i] != packetBytes || at[46] != 1 || at[47] != 2 || word(at + 34) != 0) continue;
        const uint32_t packet = word(at + 12);
        if (packet >= (uint32_t)packets) continue;
        uint64_t number;
        memcpy(&number, at, 8);
        if (number == 0 || number >> 53) continue;
        const uint64_t slot = number % slots;
        uint32_t *bits = bitmaps + slot * bitmapWords;
        if (numbers[slot] != number) {
          numbers[slot] = number;
          accepted[slot] = 0;
          memset(bits, 0, bitmapWords * 4);
        }
        const uint32_t bit = 1u << (packet & 31);
        if (bits[packet >> 5] & bit) continue;
        bits[packet >> 5] |= bit;
        uint8_t *frame = ring + slot * slotStride;
        for (int32_t piece = starts[packet] * 3; piece < starts[packet + 1] * 3; piece += 3) {
          memcpy(frame + pieces[piece + 1], at + headerBytes + pieces[piece], pieces[piece + 2]);
        }
        placed++;
        if (++accepted[slot] == packets) complete++;
      }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("%.2f\n", ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / ((double)batches * batch));
  }
  if (complete * packets != placed) return 1;
  return 0;
}
