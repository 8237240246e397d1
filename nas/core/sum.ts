/** The sum of numbers, added in their order: the same bits wherever they are added. */
export const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
