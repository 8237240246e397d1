import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageManifest } from '../../../nas/task/images/manifest.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { networkSizes } from '../../../nas/estimate/network-sizes.ts';
import type { DatasetManifest } from '../../../nas/task/manifest.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';
import { textManifestOf } from '../../support/text-manifest-of.ts';

const FOLDER = 'experiments';

/**
 * Every `--set` that the comments above an experiment’s fields tell a reader to add, without the shell’s
 * quotes; those that stand one after the other belong together.
 */
const quotedOverrides = (text: string): readonly (readonly string[])[] => {
  const lines = text.split('\n');
  const comments = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('#')),
  );
  const header = comments.map((line) => line.slice(1).trim()).join(' ');
  return [...header.matchAll(/(?:--set (?:'[^']+'|[^\s`]+) ?)+/g)].map(([together]) =>
    [...together.matchAll(/--set (?:'([^']+)'|(\S+))/g)].map(
      ([, shell, plain]) => shell ?? (plain as string).replace(/[.,;:)]+$/, ''),
    ),
  );
};

const shapes: Readonly<Record<string, ImageManifest['shape']>> = {
  cifar10: [32, 32, 3],
  'fashion-mnist-small': [28, 28, 1],
};
const datasetNamed = (name: string): DatasetManifest => {
  const shape = shapes[name];
  return shape === undefined
    ? textManifestOf(name, 10_000, [929_589, 73_760, 82_430])
    : manifestOfShape(name, shape);
};

const cases = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) =>
    quotedOverrides(readFileSync(join(FOLDER, file), 'utf8')).map(
      (overrides) => [file, overrides.join(' --set '), overrides] as const,
    ),
  );

describe('overrides that the shipped experiments quote', () => {
  it('compare NASNet’s controller by PPO with REINFORCE and random search in one file', () => {
    for (const file of ['nasnet-cifar10.yaml', 'nasnet-small.yaml']) {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      const [plain, ...others] = [[], ...quotedOverrides(text)].map(
        (overrides) => loadExperiment(text, { file, overrides }).experiment,
      );
      expect(plain?.strategy.name).toBe('nasnet-ppo');
      expect(others.map(({ strategy }) => strategy.name)).toEqual(['random', 'nasnet-reinforce']);
      for (const other of others) expect({ ...other, strategy: plain?.strategy }).toEqual(plain);
    }
  });

  it('leave NASNet’s controller its published settings, which are the defaults at its budget', () => {
    const file = 'nasnet-cifar10.yaml';
    const { experiment } = loadExperiment(readFileSync(join(FOLDER, file), 'utf8'), { file });
    expect(experiment.strategy).toMatchObject({
      units: 100,
      children: 20,
      learningRate: 3.5e-4,
      clip: 0.2,
      entropyWeight: 1e-5,
      baselineDecay: 0.95,
    });
  });

  it.each(cases)('%s accepts --set %s', (file, _, quoted) => {
    // A name in capitals alone stands for one of the reader’s choice.
    const overrides = quoted.map((override) => override.replace(/=NAME$/, '=DARTS_V1'));
    const { experiment } = loadExperiment(readFileSync(join(FOLDER, file), 'utf8'), {
      file,
      overrides,
    });
    const sizes = networkSizes(experiment, datasetNamed(experiment.task.data));
    for (const { parameters } of sizes) expect(parameters).toBeGreaterThan(0);
    expect(sizes.length).toBeGreaterThan(0);
  });
});
