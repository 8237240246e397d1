import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

const FOLDERS = ['nas', 'activities', 'workflows', 'store', 'containers', 'infra', 'scripts', 'bench'];

/** Where two casts in a row tell the compiler what it cannot know. None of them is of what somebody wrote. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  // A table forgets the types of its entries, or a loop those of a tuple.
  'nas/benchmark/formats.ts': 'the genotype of a space',
  'nas/core/input-error.ts': 'a list of answers',
  'nas/experiment/experiment.ts': 'sections that a task decides',
  'nas/search/one-job/registry.ts': 'a list of schemas',
  'nas/search/registry.ts': 'a list of strategies',
  'nas/search/strategy-schema.ts': 'a list of schemas',
  'nas/search/trials/pre-judger.ts': 'options of a strategy that is judged',
  'nas/search/trials/random-search.ts': 'no options',
  'nas/search/trials/sampler.ts': 'options and model of a sampler',
  'nas/space/nasnet.ts': 'a block',
  'nas/space/pnas.ts': 'a block',
  'nas/space/registry.ts': 'a list of schemas',
  'nas/task/tasks.ts': 'what a task says for itself',
  'nas/training/networks/registry.ts': 'the genotype of a network',
  'nas/training/networks/recurrent/registry.ts': 'the genotype of a cell',
  'nas/training/supernets/recurrent-registry.ts': 'the genotype of a cell',
  'nas/training/supernets/supernet.ts': 'the genotype of a supernet',
  'nas/training/programs/smash-search.ts': 'what a task says for itself',
  'nas/training/tasks/images/image-model.ts': 'the tensors of a minibatch',
  'nas/training/tasks/text/text-model.ts': 'the tensors of a minibatch',
  'scripts/golden/published-counts.ts': 'the groups of a pattern',
  // TensorFlow's types leave out what it has.
  'containers/trainer/tensorflow.ts': 'the native binding',
  'nas/training/graph/custom-operation.ts': 'attributes and outputs of a kernel',
  'nas/training/graph/record.ts': 'the native backend',
  'nas/training/graph/saved-model.ts': 'a descriptor of protocol buffers',
  'nas/training/graph/tensor.ts': 'the native backend',
  'nas/training/graph/vector-jacobian.ts': 'the tape',
  'nas/training/layers/mixed-highway.ts': 'the parts of a tensor',
  'nas/training/layers/tensor-layers.ts': 'the shape of an image',
  'nas/training/networks/eas-growth.ts': 'the shape of an image',
};

it('nothing is cast twice but what the compiler cannot know', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  expect(files.length).toBeGreaterThan(500);
  const casting = files.filter((file) => / as unknown as\b|\bas any\b/.test(readFileSync(file, 'utf8')));
  expect(casting.sort()).toEqual(Object.keys(EXCEPTIONS).sort());
});
