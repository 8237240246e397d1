import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { wholeNumber } from '../number-option.ts';

/** What the user may name an architecture by. */
const ARCHITECTURE =
  'a published name (DARTS_V2, …), a printed genotype, or a run, whose found architecture is meant';
const SPACE =
  'space of the genotype, or of a name that several have; Genotype(…) is of the DARTS space that prints it so';

const OPTION =
  'option of that space, such as space.depth=24, where the genotype does not tell it, or size of the network, such as network.layers=8';

const append = (value: string, all: readonly string[]): string[] => [...all, value];
const positive = wholeNumber(1);

interface ShowOptions {
  readonly space?: string;
  readonly set?: readonly string[];
  readonly channels?: number;
  readonly layers?: number;
  readonly json?: boolean;
}

interface DrawOptions {
  readonly space?: string;
  readonly set?: readonly string[];
  readonly out: string;
  readonly json?: boolean;
}

export const register = (program: Command): void => {
  const genotype = program
    .command('genotype')
    .description('show or draw an architecture')
    .addHelpText('after', examples('nas genotype show DARTS_V2', 'nas genotype draw my-run --out cell.svg'));

  genotype
    .command('show')
    .description('print an architecture, its canonical hash, its operations and the size of its network')
    .argument('<architecture>', ARCHITECTURE)
    .option('--space <space>', SPACE)
    .option('--set <option=value>', OPTION, append, [])
    .option('--channels <n>', 'short for --set network.channels=n', positive)
    .option('--layers <n>', 'short for --set network.layers=n', positive)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas genotype show DARTS_V2', 'nas genotype show my-run --json'))
    .action(async (text: string, { space, set, json, channels, layers }: ShowOptions) => {
      const [{ findArchitecture }, { describeArchitecture, printArchitecture }, { architectureOptions }] =
        await Promise.all([
          import('../runs/find-architecture.ts'),
          import('../runs/describe-architecture.ts'),
          import('../runs/architecture-options.ts'),
        ]);
      const options = architectureOptions(set ?? []);
      const described = describeArchitecture(await findArchitecture(text, space, options.space), {
        ...options.network,
        ...(channels === undefined ? {} : { channels }),
        ...(layers === undefined ? {} : { layers }),
      });
      process.stdout.write(`${json === true ? JSON.stringify(described) : printArchitecture(described)}\n`);
    });

  genotype
    .command('draw')
    .description('draw the cells or the network as SVG files')
    .argument('<architecture>', ARCHITECTURE)
    .option('--space <space>', SPACE)
    .option('--set <option=value>', OPTION, append, [])
    .option('--out <file>', 'cell.svg makes cell-normal.svg and cell-reduce.svg', 'cell.svg')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas genotype draw DARTS_V2 --out cell.svg'))
    .action(async (text: string, { space, set, out, json }: DrawOptions) => {
      const [{ findArchitecture }, { drawArchitecture }, { writeFiles }, { architectureOptions }] =
        await Promise.all([
          import('../runs/find-architecture.ts'),
          import('../runs/draw-architecture.ts'),
          import('../runs/write-files.ts'),
          import('../runs/architecture-options.ts'),
        ]);
      const { space: options } = architectureOptions(set ?? []);
      const drawn = await drawArchitecture(await findArchitecture(text, space, options), out);
      await writeFiles('--out', drawn);
      const files = Object.keys(drawn);
      process.stdout.write(`${json === true ? JSON.stringify({ files }) : files.join('\n')}\n`);
    });
};
