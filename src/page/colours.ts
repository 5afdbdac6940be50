// Colour maps that look equally steep everywhere, also to the colour-blind. Ten evenly spaced values of each published table, straight
// lines between them (differs from the tables by a few units of 255). viridis: S. van der Walt, N. Smith, matplotlib 2.0 (CC0);
// cividis: Nuñez, Anderton, Renslow, PLoS ONE 13 (2018) e0199239.

const anchors = {
  viridis: ['440154', '482878', '3e4989', '31688e', '26828e', '1f9e89', '35b779', '6ece58', 'b5de2b', 'fde725'],
  cividis: ['00224e', '123570', '3b496c', '575d6d', '707173', '8a8678', 'a59c74', 'c3b369', 'e1cc55', 'fee838'],
  grey: ['000000', 'ffffff'],
} as const;

export type ColourMap = keyof typeof anchors;

export const colourMaps = Object.keys(anchors) as ColourMap[];

/** Steps of a palette. */
export const paletteLength = 256;

/** 256 colours, three bytes each: red, green, blue. */
export function palette(map: ColourMap): Uint8Array {
  const stops = anchors[map];
  const bytes = new Uint8Array(paletteLength * 3);
  for (let step = 0; step < paletteLength; step++) {
    const at = (step / (paletteLength - 1)) * (stops.length - 1);
    const below = Math.min(stops.length - 2, Math.floor(at));
    for (let channel = 0; channel < 3; channel++) {
      const low = channelOf(stops[below] as string, channel);
      const high = channelOf(stops[below + 1] as string, channel);
      bytes[step * 3 + channel] = Math.round(low + (high - low) * (at - below));
    }
  }
  return bytes;
}

/** A colour of a palette for CSS. */
export function cssColour(colours: Uint8Array, step: number): string {
  return `rgb(${colours[step * 3]} ${colours[step * 3 + 1]} ${colours[step * 3 + 2]})`;
}

function channelOf(hex: string, channel: number): number {
  return parseInt(hex.slice(channel * 2, channel * 2 + 2), 16);
}
