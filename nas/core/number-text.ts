const minus = (text: string): string => text.replace('-', '−');

/** 0.93722 → `93.72 %`. */
export const percent = (fraction: number, digits = 2): string =>
  `${minus((100 * fraction).toFixed(digits))}\u00a0%`;

/** 1234567 → `1 234 567`, set off by thin spaces. */
export const integer = (value: number): string =>
  minus(Math.round(value).toString()).replace(/\B(?=(\d{3})+$)/g, '\u2009');
