import { z } from 'zod';
import { parseJson } from '../core/json.ts';
import { inputError } from '../core/input-error.ts';
import type { CellGenotype } from '../space/cell-genotype.ts';
import { dartsCnn } from '../space/darts-cnn.ts';
import type { TableRow } from './table.ts';

/**
 * Genotypes and, under any other names, one learning curve for each of them; whatever has another form is
 * left out.
 */
const schema = z.object({ genotypes: z.array(z.string()).min(1) }).catchall(z.unknown());
const curvesSchema = z.array(z.array(z.number()).min(2));

/**
 * Learning curves of DARTS cells, as published with Yang, Esperança & Carlucci 2020, "NAS evaluation is
 * frustratingly hard", §4: JSON of `genotypes` and of lists of as many curves, all of one length. A row's key
 * is the hash of its cell.
 *
 * @throws InputError for another form, or a genotype that is none of the space darts-cnn.
 */
export const readDartsCurves = (
  text: string,
  file: string,
): { readonly rows: readonly TableRow[]; readonly genotypes: readonly CellGenotype[] } => {
  const refuse = (value: unknown, cause?: unknown) =>
    inputError(
      'table',
      value,
      'JSON with `genotypes`, DARTS cells, and a list of one learning curve for each',
      `repair ${file}, or name the space of the table`,
      { cause },
    );
  let document: z.infer<typeof schema>;
  try {
    document = parseJson(schema, text.trim());
  } catch (cause) {
    throw refuse(file, cause);
  }
  const genotypes = document.genotypes.map((printed, i) => dartsCnn.parse(printed, `table.genotypes[${i}]`));
  const curves = Object.entries(document).flatMap(([name, value]) => {
    const parsed = curvesSchema.safeParse(value);
    if (!parsed.success || parsed.data.length !== genotypes.length) return [];
    const length = parsed.data[0]?.length;
    if (parsed.data.some((curve) => curve.length !== length))
      throw refuse(`${file}: curves of different lengths in ${name}`);
    return [[name, parsed.data] as const];
  });
  if (curves.length === 0) throw refuse(`${file}: no learning curves`);
  return {
    genotypes,
    rows: genotypes.map((genotype, i) => ({
      key: dartsCnn.hash(genotype),
      values: new Map(curves.map(([name, list]) => [name, list[i]?.at(-1) as number])),
      curves: Object.fromEntries(curves.map(([name, list]) => [name, list[i] as readonly number[]])),
    })),
  };
};
