import type { KernelCase } from './case.ts';
import { EXTENTS } from './extent.ts';
import { valueCases } from './value-cases.ts';
import { nativeCases, windowedCases } from './windowed-cases.ts';

/**
 * What a sweep covers: all shapes, a selection for tests, or TensorFlow's convolutions without the product's
 * ways around them.
 */
export const SUITES = {
  full: () => [...windowedCases(EXTENTS.full), ...valueCases(EXTENTS.full)],
  small: () => [...windowedCases(EXTENTS.small), ...valueCases(EXTENTS.small)],
  native: () => [...nativeCases(EXTENTS.full)],
} as const satisfies Record<string, () => readonly KernelCase[]>;
export type Suite = keyof typeof SUITES;

export const isSuite = (name: string): name is Suite => Object.hasOwn(SUITES, name);

/** The cases of a suite, in the same order in every process. */
export const casesOf = (suite: Suite): readonly KernelCase[] => SUITES[suite]();
