/**
 * Runs one search and scores cells with its weights; what is done is kept, so that it can be killed and run
 * again.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonOf, parseJson } from '../../nas/core/json.ts';
import { loadTensorFlow } from '../../containers/trainer/tensorflow.ts';
import type { SearchResult } from '../../nas/job/program-result.ts';
import { createBatchPipeline } from '../../nas/task/images/batches.ts';
import { splitTrainValidation } from '../../nas/task/images/split.ts';
import type { HostTensor, TrainingProgram } from '../../nas/training/program.ts';
import { compileModel } from '../../nas/training/programs/compiled-model.ts';
import { gatedSupernet } from '../../nas/training/tasks/images/gated-supernet.ts';
import { createProgram } from '../../nas/training/programs/program-table.ts';
import { imageClassification } from '../../nas/training/tasks/images/image-classification.ts';
import { imageBatch, imageShapes } from '../../nas/training/tasks/images/image-data.ts';
import { group } from '../../nas/training/graph/variable-groups.ts';
import { supernetOf } from '../../nas/training/supernets/registry.ts';
import { decodeSafetensors, encodeSafetensors } from '../../store/safetensors.ts';
import { preparedImages } from './images.ts';
import { scoredCells, settingSchema, specOf, type Method } from './spec.ts';

/** Steps between snapshots. */
const KEEP_EVERY = 250;

const replace = (file: string, bytes: Uint8Array | string): void => {
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
};

/** Runs a program to its end from the snapshot in `file`, where there is one. */
const finish = async (
  program: TrainingProgram,
  file: string,
): Promise<Readonly<Record<string, HostTensor>>> => {
  if (existsSync(file)) {
    const { tensors, metadata } = decodeSafetensors(readFileSync(file));
    program.restore({
      step: Number(metadata['step']),
      tensors,
      state: jsonOf(metadata['state'] as string),
    });
  }
  while (program.step < program.totalSteps) {
    await program.advance();
    if (program.step % KEEP_EVERY !== 0 && program.step < program.totalSteps) continue;
    const { step, tensors, state } = program.snapshot();
    replace(file, encodeSafetensors(tensors, { step: String(step), state: JSON.stringify(state) }));
    const { loss, accuracy } = program.progress();
    process.stderr.write(
      `${file}: ${step} of ${program.totalSteps}, loss ${loss?.toFixed(3)}, accuracy ${accuracy?.toFixed(3)}\n`,
    );
  }
  return program.snapshot().tensors;
};

const [folder, method, seedText, settingText] = process.argv.slice(2) as [string, Method, string, string];
const seed = Number(seedText);
const setting = parseJson(settingSchema, settingText);
const { tf } = loadTensorFlow({ threads: 1 });
const data = preparedImages(join(folder, 'images'));
const spec = specOf(method, seed, setting);
const at = join(folder, `${method}-seed-${seed}`);

const program = await createProgram(spec, { tf, data });
const trained = await finish(program, `${at}.safetensors`);
const [chosen] = (program.result() as SearchResult).candidates;
program.dispose();

// The weights along the path of each cell, batch norm by the statistics of the minibatch that is scored.
const supernet = supernetOf('nas-bench-201', {
  size: spec.network,
  image: data.shape,
  classes: data.classes,
});
const gated = gatedSupernet(tf, supernet, seed, 'batch', spec.recipe);
const images = await data.open('train');
const { validation } = splitTrainValidation(images, spec.data.validationFraction, spec.data.splitSeed);
const feed = createBatchPipeline(images, validation, {
  batchSize: 128,
  mode: 'train',
  augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
  seed: 0,
});
const shapes = imageShapes('scoring', feed.shape);
const scorer = await compileModel(
  tf,
  gated.model,
  spec.recipe,
  { train: [], evaluate: [shapes] },
  imageClassification,
);
const weights = method === 'enas' ? group('shared', trained) : trained;
const shared = Object.entries(weights).filter(([name]) => /^(weights|buffers)\//.test(name));
scorer.write({ ...scorer.read(), ...Object.fromEntries(shared) });
const batches = Array.from({ length: setting.scoreMinibatches }, (_, unit) => feed.batch(0, unit));
const scores = scoredCells(setting.cells).map((cell) => {
  const tallies = batches.map((batch) =>
    scorer.evaluate(shapes, imageBatch(feed.shape, batch), { path: gated.path([...cell]) }),
  );
  return tallies.reduce((sum, { correct = 0 }) => sum + correct, 0) / (batches.length * 128);
});
scorer.dispose();
replace(`${at}.json`, JSON.stringify({ scores, chosen: chosen?.genotype }));
