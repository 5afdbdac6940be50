// What a form makes of a frame, computed from the description alone: for each pixel of the frame its place in the
// image, step by step. Comes in: the values of a form, a mask, the shape of a frame. Goes out: for each pixel of the
// image where in the frame it was, and which ones are masked. Shares nothing with the service.
// Tested by test/simulators/consumer/verify-form.test.ts.

/** As the configuration has it; rows and columns are those of the frame as the detector has it. */
export interface FormWish {
  /** Degrees, anticlockwise. */
  readonly turn: number;
  readonly mirror: boolean;
  /** Row, column, rows, columns. */
  readonly roi: readonly [number, number, number, number] | null;
  /** Of each pixel of the frame; 0 = it is not masked. Null = none is. */
  readonly mask: Uint8Array | null;
  /** Null = the missing value. */
  readonly maskValue: number | null;
}

export class SentForm {
  /** Of the image. */
  readonly rows: number;
  readonly columns: number;
  /** By pixel of the image: pixel of the frame. */
  readonly sources: Int32Array;
  /** By pixel of the image: 1 = it is masked. */
  readonly masked: Uint8Array;
  readonly maskValue: number | null;

  /** @param rows and columns of the frame */
  constructor(wish: FormWish, rows: number, columns: number) {
    const [top, left, height, width] = wish.roi ?? [0, 0, rows, columns];
    const quarters = wish.turn / 90;
    [this.rows, this.columns] = quarters % 2 === 0 ? [height, width] : [width, height];
    this.sources = new Int32Array(height * width).fill(-1);
    this.masked = new Uint8Array(height * width);
    this.maskValue = wish.maskValue;
    for (let row = top; row < top + height; row++)
      for (let column = left; column < left + width; column++) {
        let [y, x] = [row - top, column - left];
        let [high, wide] = [height, width];
        for (let quarter = 0; quarter < quarters; quarter++) {
          // What was on the right is on top.
          [y, x] = [wide - 1 - x, y];
          [high, wide] = [wide, high];
        }
        if (wish.mirror) x = wide - 1 - x;
        const to = y * wide + x;
        this.sources[to] = row * columns + column;
        this.masked[to] = wish.mask !== null && wish.mask[row * columns + column] !== 0 ? 1 : 0;
      }
  }

  /** The image that a frame becomes. @param missingValue of its pixels */
  imageOf<P extends Uint8Array | Uint16Array | Uint32Array>(frame: P, missingValue: number): P {
    const value = this.maskValue ?? missingValue;
    const image = frame.slice(0, this.sources.length) as P;
    for (let at = 0; at < image.length; at++) image[at] = this.masked[at] === 1 ? value : frame[this.sources[at]];
    return image;
  }
}
