// Colour maps that look equally steep everywhere, also to the colour-blind: the tables of viridis, inferno, plasma and
// magma (S. van der Walt, N. Smith, matplotlib), cividis (Nuñez, Anderton, Renslow, 2018) and cubehelix (D. Green,
// 2011) as d3-scale-chromatic has them; grey is grey.
// Tested by test/page/values.test.ts.

import { rgb } from 'd3-color';
import {
  interpolateCividis,
  interpolateCubehelixDefault,
  interpolateInferno,
  interpolateMagma,
  interpolatePlasma,
  interpolateViridis,
} from 'd3-scale-chromatic';

const colourOf = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  inferno: interpolateInferno,
  magma: interpolateMagma,
  plasma: interpolatePlasma,
  cubehelix: interpolateCubehelixDefault,
  grey: (share: number): string => `rgb(${[share, share, share].map((value) => Math.round(255 * value)).join(',')})`,
} as const;

export type ColourMap = keyof typeof colourOf;

export const colourMaps = Object.keys(colourOf) as ColourMap[];

/** Steps of a palette. */
export const paletteLength = 256;

/** 256 colours, three bytes each: red, green, blue; inverted: the last colour first. */
export function palette(map: ColourMap, inverted = false): Uint8Array {
  return paletteOf((share) => colourOf[map](inverted ? 1 - share : share));
}

/**
 * Shares of lost packets, few to all: amber, red, violet, black. Darker is worse; no loss is a light grey that is not
 * in it. Inferno backwards, without its light end, which nobody could tell from that grey. On a dark ground brighter is
 * worse: inferno forwards, without its dark end.
 */
export function lossPalette(dark = false): Uint8Array {
  return paletteOf((share) => interpolateInferno(dark ? 0.3 + 0.65 * share : 0.84 * (1 - share)));
}

function paletteOf(colour: (share: number) => string): Uint8Array {
  const bytes = new Uint8Array(paletteLength * 3);
  for (let step = 0; step < paletteLength; step++) {
    const { r, g, b } = rgb(colour(step / (paletteLength - 1)));
    bytes.set([r, g, b], step * 3);
  }
  return bytes;
}

/** A colour of a palette for CSS. */
export function cssColour(colours: Uint8Array, step: number): string {
  return `rgb(${colours[step * 3]} ${colours[step * 3 + 1]} ${colours[step * 3 + 2]})`;
}
