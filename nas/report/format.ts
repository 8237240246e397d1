import type { Metric } from '../task/metric.ts';

/** Numbers as a report prints them. The minus sign is a real one, thousands are set off by thin spaces. */

const minus = (text: string): string => text.replace('-', '−');

/** A score as its metric prints it, on one line: `93.72 %`. */
export const scored = (metric: Metric, score: number): string =>
  metric.format(score).replaceAll(' ', '\u00a0');

export const decimal = (value: number, digits = 2): string => minus(value.toFixed(digits));

const PREFIXES = ['', '\u00a0k', '\u00a0M', '\u00a0G', '\u00a0T', '\u00a0P', '\u00a0E'] as const;

/** Three significant digits with an SI prefix: 3320000 → `3.32 M`. */
export const quantity = (value: number): string => {
  if (value === 0) return '0';
  const power = Math.min(PREFIXES.length - 1, Math.max(0, Math.floor(Math.log10(Math.abs(value)) / 3)));
  const scaled = value / 1000 ** power;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled))));
  return `${minus(scaled.toFixed(Math.min(2, digits)))}${PREFIXES[power]}`;
};

/** 4000 → `1 h 06 min`; below a minute `12.3 s`. */
export const duration = (seconds: number): string => {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

export const dollars = (value: number): string => `$${value.toFixed(value !== 0 && value < 1 ? 4 : 2)}`;

/** `2026-11-22T14:27:40.123Z` → `2026-11-22 14:27:40 UTC`. */
export const instant = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

export const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

export const shortHash = (hash: string): string => hash.slice(0, 12);
