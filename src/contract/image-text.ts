// What each image message of a series says of its pixels, as text: it is the same in all of them. The stream writes it;
// where frames leave in another form than they lie in, viewers put the one in the place of the other.
// Tested by test/view/sent-frame-view.test.ts.

export interface ImageKind {
  readonly shape: readonly [rows: number, columns: number];
  /** Of a pixel, as numpy calls it. */
  readonly type: string;
  /** Of the bytes that follow. */
  readonly compression: string;
}

export const imageKindText = ({ shape: [rows, columns], type, compression }: ImageKind): string =>
  `,"shape":[${rows},${columns}],"type":"${type}","compression":"${compression}",`;
