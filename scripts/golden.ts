import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../nas/core/json.ts';
import { loadTensorFlow } from '../containers/trainer/tensorflow.ts';
import type { Tf } from '../nas/training/graph/tensor.ts';
import { decodeSafetensors } from '../store/safetensors.ts';
import { checkAsgd } from './golden/asgd.ts';
import { checkAwdLstm } from './golden/awd-lstm.ts';
import { checkDartsCnnFinal } from './golden/darts-cnn-final.ts';
import { isResult } from './golden/compare-all.ts';
import { checkDartsCnnSupernet } from './golden/darts-cnn-supernet.ts';
import { checkDartsRnnFinal, checkDartsRnnMasks } from './golden/darts-rnn.ts';
import { checkDartsRnnSearch } from './golden/darts-rnn-search.ts';
import { checkEnasChild } from './golden/enas-child.ts';
import { checkEnasController } from './golden/enas-controller.ts';
import { checkEnasRnnChild } from './golden/enas-rnn-child.ts';
import { checkEnasRnnController } from './golden/enas-rnn-controller.ts';
import { checkEnasFixed } from './golden/enas-fixed.ts';
import { checkNasRlRnn } from './golden/nas-rl-rnn.ts';
import { checkNasBench201, checkNasBench201Counts } from './golden/nasbench201.ts';
import { checkPublishedCounts } from './golden/published-counts.ts';
import { checkRnasCnn } from './golden/rnas-cnn.ts';
import { checkRnasRnn } from './golden/rnas-rnn.ts';
import { checkSmash } from './golden/smash.ts';
import { checkSnasSupernet } from './golden/snas-supernet.ts';
import { checkTextWindows } from './golden/text-windows.ts';
import { passes, type Check, type TensorFixture } from './golden/fixture.ts';

/**
 * `npm run -s golden -- FILE…`: compares this product's networks with published reference computations, one
 * line a quantity. Exit code 0 when every quantity of every file is within its tolerance, or beyond it by one
 * ReLU or maximum that is shown to be on its other side (`KINK`), or by rounding, since it agrees in float64
 * (`ROUNDING`).
 */

const TENSOR_KINDS: Readonly<Record<string, (tf: Tf, fixture: TensorFixture) => Promise<readonly Check[]>>> =
  {
    'darts-cnn-final': checkDartsCnnFinal,
    'darts-cnn-supernet': checkDartsCnnSupernet,
    'rnas-cnn': checkRnasCnn,
    'nasbench201-tiny': checkNasBench201,
    'enas-controller': checkEnasController,
    'enas-child': checkEnasChild,
    'snas-supernet': checkSnasSupernet,
    smash: checkSmash,
    'darts-rnn-final': checkDartsRnnFinal,
    'darts-rnn-masks': checkDartsRnnMasks,
    'darts-rnn-search': checkDartsRnnSearch,
    'rnas-rnn': checkRnasRnn,
    'enas-rnn-child': checkEnasRnnChild,
    'awd-lstm': checkAwdLstm,
    asgd: checkAsgd,
    'enas-rnn-controller': checkEnasRnnController,
    'nas-rl-rnn': checkNasRlRnn,
  };

const COUNT_KINDS: Readonly<Record<string, (document: unknown) => readonly Check[]>> = {
  'enas-fixed': checkEnasFixed,
  'published-counts': checkPublishedCounts,
  'nasbench201-counts': checkNasBench201Counts,
  'text-windows': checkTextWindows,
};

/** Quantities that a file states as results and that nothing compared. */
const unchecked = (fixture: TensorFixture, checks: readonly Check[]): string[] => {
  const seen = new Set(checks.map(({ name }) => name));
  return Object.keys(fixture.tensors).filter((name) => isResult(name) && !seen.has(name));
};

const checkFile = async (
  file: string,
): Promise<{ readonly checks: readonly Check[]; readonly missing: string[] }> => {
  const bytes = await readFile(file);
  if (file.endsWith('.json')) {
    const document = parseJson(z.looseObject({ kind: z.string() }), bytes.toString('utf8'));
    const check = COUNT_KINDS[document.kind];
    if (check === undefined) throw new Error(`kind '${document.kind}' is not supported yet`);
    return { checks: check(document), missing: [] };
  }
  const { tensors, metadata } = decodeSafetensors(bytes);
  const kind = metadata.kind ?? '';
  const check = TENSOR_KINDS[kind];
  if (check === undefined) throw new Error(`kind '${kind}' is not supported yet`);
  const config = parseJson(z.record(z.string(), z.unknown()), metadata.config ?? '{}');
  const fixture = { kind, config, tensors };
  const checks = await check(loadTensorFlow({ threads: 1 }).tf, fixture);
  return { checks, missing: unchecked(fixture, checks) };
};

const printCheck = (check: Check): void => {
  const verdict = passes(check) ? 'ok  ' : (check.explanation?.toUpperCase() ?? 'FAIL');
  const difference = check.difference.toExponential(2);
  const note = check.note === undefined ? '' : `  ${check.note}`;
  process.stdout.write(
    `${verdict} ${check.name}  max abs diff ${difference}  tolerance ${check.tolerance.toExponential(2)}${note}\n`,
  );
};

const main = async (files: readonly string[]): Promise<number> => {
  if (files.length === 0) {
    process.stderr.write('usage: npm run -s golden -- FILE…   (.safetensors and .json fixtures)\n');
    return 2;
  }
  let failed = 0;
  let quantities = 0;
  for (const file of files) {
    process.stdout.write(`${basename(file)}\n`);
    try {
      const { checks, missing } = await checkFile(file);
      checks.forEach(printCheck);
      for (const name of missing) process.stdout.write(`FAIL ${name}  not compared\n`);
      const wrong =
        checks.filter((check) => !passes(check) && check.explanation === undefined).length + missing.length;
      quantities += checks.length + missing.length;
      if (wrong > 0) failed += 1;
      process.stdout.write(
        `${wrong === 0 ? 'ok  ' : 'FAIL'} ${basename(file)}: ${checks.length + missing.length - wrong} of ${checks.length + missing.length} within tolerance\n`,
      );
    } catch (error) {
      failed += 1;
      process.stdout.write(`FAIL ${basename(file)}: ${(error as Error).message}\n`);
    }
  }
  process.stdout.write(
    `summary: ${files.length - failed} of ${files.length} files agree, ${quantities} quantities compared\n`,
  );
  return failed === 0 ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2));
