import { say } from './command.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Does independent parts of set-up at once, and says after each what remains. Waits for all of them even when
 * one fails, so that none is cut in half and what succeeded need not be done again; then throws one error
 * that names every failure.
 * @param {Readonly<Record<string, () => Promise<unknown>>>} parts
 */
export const sideBySide = async (parts) => {
  const remaining = new Set(Object.keys(parts));
  const failures = /** @type {unknown[]} */ ([]);
  await Promise.all(
    Object.entries(parts).map(async ([name, work]) => {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
      remaining.delete(name);
      if (remaining.size > 0) say(`remaining: ${[...remaining].join(', ')}`);
    }),
  );
  const [first, ...others] = failures;
  if (first === undefined) return;
  // What is no fault of the machine is a fault of set-up, and keeps its stack.
  const fault = failures.find((error) => !(error instanceof SetupError));
  if (fault !== undefined) throw fault;
  if (others.length === 0) throw first;
  throw new SetupError(
    failures.map((error) => (error instanceof Error ? error.message : String(error))).join('\n'),
    'mend each of these and run set-up again; what succeeded is kept',
  );
};
