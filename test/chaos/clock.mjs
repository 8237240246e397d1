/**
 * Loaded by `node --import` into every Node process of a soak: the wall clock that a program reads is off by
 * as many milliseconds as the file NAS_CHAOS_CLOCK says. Timers and `performance.now` go on as they do when
 * an administrator sets a clock.
 */
import { readFileSync } from 'node:fs';

const file = process.env['NAS_CHAOS_CLOCK'];
const LOOK_MS = 250;
const RealDate = Date;
let offset = 0;
let looked = -Infinity;

const off = () => {
  if (file !== undefined && performance.now() - looked > LOOK_MS) {
    looked = performance.now();
    try {
      offset = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      offset = 0;
    }
  }
  return offset;
};

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + off()] : args, newTarget),
  apply: () => new RealDate(RealDate.now() + off()).toString(),
  get: (target, key) => (key === 'now' ? () => RealDate.now() + off() : Reflect.get(target, key)),
});
