import { InvalidArgumentError } from 'commander';

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Parser of an option that is a time: `2026-11-01`, `2026-11-01T08:00Z`, or `90m`, `12h`, `3d`, `2w` ago. */
export const timeOption =
  (now: () => number = Date.now) =>
  (text: string): Date => {
    const ago = /^(\d+)([mhdw])$/.exec(text.trim());
    const at =
      ago !== null
        ? now() - Number(ago[1]) * UNITS[ago[2] as keyof typeof UNITS]
        : /^\d{4}-\d{2}-\d{2}/.test(text.trim())
          ? Date.parse(text.trim())
          : Number.NaN;
    if (Number.isNaN(at))
      throw new InvalidArgumentError('Allowed: a date such as 2026-11-01, or 90m, 12h, 3d, 2w ago.');
    return new Date(at);
  };
