import { sha256 } from '../../nas/core/hash.ts';
import type { EqualCounts } from '../../nas/task/images/equal-images.ts';

export interface EqualImages extends EqualCounts {
  /** One pair of files for each count that is not 0. */
  readonly examples: readonly (readonly [string, string])[];
}

interface Member {
  readonly path: string;
  readonly label: number;
  readonly split: 'train' | 'validation' | 'test';
}

/** Without the examples: what the data set's manifest keeps. */
export const countsOf = ({ examples: _, ...counts }: EqualImages): EqualCounts => counts;

/** Collects images by the hash of their pixels. */
export const equalImages = (): { add(member: Member, pixels: Uint8Array): void; counted(): EqualImages } => {
  const groups = new Map<string, Member[]>();
  return {
    add: (member, pixels) => {
      const key = sha256(pixels);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [member]);
      else group.push(member);
    },
    counted: () => {
      const examples = new Map<string, readonly [string, string]>();
      const counts = {
        testInTraining: 0,
        testInValidation: 0,
        validationInTraining: 0,
        contradicting: 0,
        repeated: 0,
      };
      const count = (what: keyof typeof counts, of: readonly Member[], like: readonly Member[]): void => {
        const [a] = of;
        const b = like.find((member) => member !== a);
        if (a === undefined || b === undefined) return;
        counts[what] += of.length;
        // Images are added in the order in which they are decoded: the first of all names is the same every
        // time.
        const pair = [a.path, b.path] as const;
        const known = examples.get(what);
        if (known === undefined || pair.join() < known.join()) examples.set(what, pair);
      };
      for (const group of groups.values()) {
        if (group.length < 2) continue;
        group.sort((a, b) => (a.path < b.path ? -1 : 1));
        const [train, validation, test] = (['train', 'validation', 'test'] as const).map((split) =>
          group.filter((member) => member.split === split),
        ) as [Member[], Member[], Member[]];
        count('testInTraining', test, train);
        count('testInValidation', test, validation);
        count('validationInTraining', validation, train);
        if (new Set(group.map(({ label }) => label)).size > 1)
          count(
            'contradicting',
            group,
            group.filter(({ label }) => label !== group[0]?.label),
          );
        for (const part of [train, validation, test])
          for (const label of new Set(part.map((member) => member.label))) {
            const [first, ...again] = part.filter((member) => member.label === label) as [
              Member,
              ...Member[],
            ];
            count('repeated', again, [first]);
          }
      }
      return { ...counts, examples: [...examples.values()] };
    },
  };
};
