// The yardstick of bench/encode.ts: libbitshuffle with its liblz4 on the same image. Compiled with the library's own sources; prints the bytes of
// a chunk without its head, then nanoseconds of CPU per byte of the image, one line per run.
//
//   bitshuffle FILE BYTES_OF_A_PIXEL RUNS IMAGES_PER_RUN

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "bitshuffle.h"

int main(int count, char **values) {
  if (count != 5) return 2;
  FILE *file = fopen(values[1], "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 3;
  const size_t bytes = ftell(file), size = atoi(values[2]);
  const int runs = atoi(values[3]), images = atoi(values[4]);
  rewind(file);
  uint8_t *image = malloc(bytes);
  if (fread(image, 1, bytes, file) != bytes) return 4;
  uint8_t *chunk = malloc(bshuf_compress_lz4_bound(bytes / size, size, 8192 / size));
  for (int run = 0; run < runs; run++) {
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    int64_t length = 0;
    for (int i = 0; i < images; i++) length = bshuf_compress_lz4(image, chunk, bytes / size, size, 8192 / size);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    if (length < 0) return 5;
    if (run == 0) printf("%lld\n", (long long)length);
    printf("%.4f\n", ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / ((double)bytes * images));
  }
  return 0;
}
