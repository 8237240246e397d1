import type { ResumeReceipt } from '../../nas/job/receipt.ts';

const SHOWN_DIGITS = 16;

/** A receipt for people, ending in its verdict. */
export const printReceipt = (receipt: ResumeReceipt): string => {
  const width = Math.max(...receipt.parts.map(({ part }) => part.length));
  const attempts = receipt.attempts.map(
    ({ epoch, fromStep, killedAt }) =>
      `attempt ${epoch}: from step ${fromStep} ${killedAt === undefined ? 'to the end' : `until kill -9 after step ${killedAt}`}`,
  );
  const parts = receipt.parts.map(({ part, undisturbed, killed }) => {
    const equal = undisturbed === killed;
    const hashes = equal ? undisturbed : `${undisturbed} ≠ ${killed}`;
    return `${equal ? 'equal    ' : 'DIFFERENT'}  ${part.padEnd(width)}  ${equal ? hashes.slice(0, SHOWN_DIGITS) : hashes}`;
  });
  const verdict = receipt.identical
    ? `identical: ${receipt.attempts.length - 1} kills in ${receipt.totalSteps} steps changed nothing`
    : 'NOT identical: the resumed job differs';
  return [...attempts, ...parts, verdict, ''].join('\n');
};
