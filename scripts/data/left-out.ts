/** Entries of a folder that are no part of the data set, by reason. */
export type LeftOut = Readonly<
  Record<
    string,
    {
      readonly count: number;
      /** Some of them. */
      readonly examples: readonly string[];
    }
  >
>;

const EXAMPLES = 3;

/** Counts what is left out while a folder is read. */
export const leftOutCounter = (): {
  add(reason: string, path: string): void;
  counted(): LeftOut;
} => {
  const reasons = new Map<string, { count: number; examples: string[] }>();
  return {
    add: (reason, path) => {
      const known = reasons.get(reason) ?? { count: 0, examples: [] };
      reasons.set(reason, known);
      known.count++;
      if (known.examples.length < EXAMPLES) known.examples.push(path);
    },
    counted: () => Object.fromEntries([...reasons].sort(([, a], [, b]) => b.count - a.count)),
  };
};
export type LeftOutCounter = ReturnType<typeof leftOutCounter>;
