// Pixels smaller than their number type, packed as on the wire: two pixels of 4 bit in a byte, two of 12 bit in three
// bytes. A port image is packed as a whole and cut into packets afterwards, wherever the cuts fall. Source:
// slsDetectorPackage 9.2.0, eigerDetectorServer/slsDetectorFunctionList.c:2725-2747 (12 bit), slsDetectorGui
// qDrawPlot.cpp:1116-1124 (4 bit: the left pixel is the high half).

/**
 * Two pixels a byte. @param pixels values 0 … 15, an even number of them @param lowFirst the left pixel is the low half
 */
export function pack4(pixels: Uint8Array, wire: Uint8Array, lowFirst: boolean): void {
  for (let at = 0; at < pixels.length; at += 2) {
    const left = pixels[at];
    const right = pixels[at + 1];
    wire[at / 2] = lowFirst ? left + right * 16 : left * 16 + right;
  }
}

/** Two pixels in three bytes, lowest bits first. @param pixels values 0 … 4095, an even number of them */
export function pack12(pixels: Uint16Array, wire: Uint8Array): void {
  for (let at = 0; at < pixels.length; at += 2) {
    const both = pixels[at] + pixels[at + 1] * 4096;
    const to = (at / 2) * 3;
    wire[to] = both;
    wire[to + 1] = both >> 8;
    wire[to + 2] = both >> 16;
  }
}
