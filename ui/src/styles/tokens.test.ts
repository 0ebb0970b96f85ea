import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

/** A token's colour in both themes, as linear red, green and blue with an opacity. */
type Colour = [number, number, number, number];

function token(name: string, theme: 'light' | 'dark'): Colour {
  const value = new RegExp(`--${name}: light-dark\\(\\s*(oklch\\([^)]*\\)),\\s*(oklch\\([^)]*\\))\\s*\\)`).exec(css);
  const text = value?.[theme === 'light' ? 1 : 2];
  if (!text) throw new Error(`no colour --${name}`);
  const [l = 0, c = 0, h = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [...linear(l, c, (h * Math.PI) / 180), alpha];
}

/** OKLCH to linear sRGB (Björn Ottosson's matrices), cut to what a screen can show. */
function linear(lightness: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (value: number) => Math.min(1, Math.max(0, value));
  return [
    cut(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    cut(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    cut(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const luminance = ([r, g, b]: Colour) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** The contrast of two opaque colours as WCAG counts it. */
function contrast(one: Colour, other: Colour): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const SIGNALS = ['blue', 'green', 'amber', 'red', 'plum'];
const SURFACES = ['bg-app', 'bg-panel', 'bg-raised', 'bg-well'];
const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'].flatMap((name) => [
  `ansi-${name}`,
  `ansi-bright-${name}`,
]);

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const between = (one: string, other: string) => contrast(token(one, theme), token(other, theme));

  it.each(SURFACES)('text can be read on %s', (surface) => {
    for (const text of ['text', 'text-2', 'text-3']) {
      expect(between(text, surface), text).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(SIGNALS)('%s text can be read on its own ground and on a panel', (signal) => {
    for (const ground of [`${signal}-soft`, 'bg-panel', 'bg-raised']) {
      expect(between(`${signal}-text`, ground), ground).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(['blue', 'green', 'amber', 'red'])('the %s mark stands out', (signal) => {
    expect(between(`${signal}-mark`, 'bg-panel')).toBeGreaterThanOrEqual(3);
  });

  it('the main action, focus and the borders of inputs stand out', () => {
    expect(between('on-ink', 'ink')).toBeGreaterThanOrEqual(4.5);
    expect(between('focus', 'bg-panel')).toBeGreaterThanOrEqual(3);
    expect(between('line-control', 'bg-panel')).toBeGreaterThanOrEqual(3);
  });

  it.each(ANSI)('output in %s can be read', (name) => {
    expect(between(name, 'bg-well')).toBeGreaterThanOrEqual(4.5);
  });
});
