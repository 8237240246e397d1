/**
 * The number that a text writes in decimals, with or without an exponent; NaN for any other text, `0x50` and
 * '' among them.
 */
export const decimalNumber = (text: string): number =>
  /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
