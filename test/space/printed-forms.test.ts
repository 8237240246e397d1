import { describe, expect, test } from 'vitest';
import { parseCellGenotype, printCellGenotype } from '../../nas/space/cell-genotype.ts';
import { parseEnasMacro, printEnasMacro } from '../../nas/space/enas-macro.ts';
import { parseEnasMicro, printEnasMicro } from '../../nas/space/enas-micro.ts';
import { nasBench101 } from '../../nas/space/nas-bench-101.ts';
import { nasBench201, printNasBench201 } from '../../nas/space/nas-bench-201.ts';
import { pnas } from '../../nas/space/pnas.ts';
import { publishedCell } from '../../nas/space/published-cells.ts';
import { readLiteral } from '../../nas/space/python-literal.ts';

const N =
  "[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)]";
const R =
  "[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)]";
const C = 'range(2, 6)';
const V2 = `Genotype(normal=${N}, normal_concat=${C}, reduce=${R}, reduce_concat=${C})`;
/** Edges by node, each with something behind its input. */
const byNode = (edges: string, open: string, close: string, more: string): string => {
  const pairs = [...edges.matchAll(/\('(\w+)', (\d)\)/g)].map(
    ([, name, input]) => `('${name}', ${input}${more})`,
  );
  const nodes = Array.from(
    { length: pairs.length / 2 },
    (_, i) => `${open}${pairs[2 * i]}, ${pairs[2 * i + 1]}${close}`,
  );
  return `[${nodes.join(', ')}]`;
};
const message = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was read');
};

describe('Genotype(…)', () => {
  test.each([
    ['as published', V2],
    ['a line of a log', `genotype = ${V2}`],
    ['a time stamp in front', `03/12 10:24:11 AM genotype = ${V2}\n`],
    ['a logger in front', `2024-01-02 03:04:05,678 INFO train_search.py:88] epoch 49, genotype: ${V2}`],
    [
      'an assignment over many lines',
      `BANANAS = ${V2.replaceAll('), (', '),\n    (').replaceAll('=[', ' = [\n').replaceAll(')]', '),\n  ]')}`,
    ],
    ['a module in front', `genotypes.${V2}`],
    ['double quotes', V2.replaceAll("'", '"')],
    ['quotes around it', `"${V2}"`],
    [
      'comments',
      `# searched on CIFAR-10\nGenotype(normal=${N}, # the normal cell\n normal_concat=${C}, reduce=${R}, reduce_concat=${C}) # done`,
    ],
    [
      'an older one in a comment',
      `# Genotype(normal=[], normal_concat=[], reduce=[], reduce_concat=[])\n${V2}`,
    ],
    ['trailing commas', V2.replaceAll(')]', '),]').replace(/\)$/, ',),')],
    ['a range with a step', V2.replaceAll(C, 'range(2, 6, 1)')],
    ['a range of Python 2', V2.replaceAll(C, 'xrange(2, 6)')],
    ["numpy's range", V2.replaceAll(C, 'np.arange(2, 6)')],
    ['a range in a list', V2.replaceAll(C, '[*range(2, 6)]')],
    ['lines that go on', V2.replaceAll('), (', '), \\\n (')],
    ['quotes of a word processor', V2.replaceAll(/'(\w+)'/g, '\u2018$1\u2019')],
    ['double quotes of a word processor', V2.replaceAll(/'(\w+)'/g, '\u201c$1\u201d')],
    ['quotes within quotes', `'${V2.replaceAll("'", "\\'")}'`],
    ['a pair with its score', `(${V2}, 0.9731)`],
    [
      'JSON',
      JSON.stringify({
        normal: readLiteral(N),
        normal_concat: [2, 3, 4, 5],
        reduce: readLiteral(R),
        reduce_concat: [2, 3, 4, 5],
      }),
    ],
    [
      "the tuple's _asdict()",
      `{'normal': ${N}, 'normal_concat': ${C}, 'reduce': ${R}, 'reduce_concat': ${C}}`,
    ],
    ['list(range())', V2.replaceAll(C, 'list(range(2, 6))')],
    ['range of one argument plus a list', V2.replaceAll(C, '[2, 3, 4, 5]')],
    ['a tuple of states', V2.replaceAll(C, '(2, 3, 4, 5)')],
    ['an array of states', V2.replaceAll(C, 'array([2, 3, 4, 5])')],
    ['numpy 2 integers', V2.replace(/, (\d)\)/g, ', np.int64($1))')],
    ['numpy 2 names', V2.replace(/'(\w+)'/g, "np.str_('$1')")],
    ['lists for tuples', V2.replace(/\('(\w+)', (\d)\)/g, "['$1', $2]")],
    ['a tuple of all edges', V2.replaceAll('=[', '=(').replaceAll(')]', '))')],
    ['weights behind the inputs', V2.replace(/('\w+', \d)\)/g, '$1, 0.13)')],
    ['edges by node', V2.replace(N, byNode(N, '[', ']', '')).replace(R, byNode(R, '[', ']', ''))],
    [
      'edges by node with weights',
      V2.replace(N, byNode(N, '(', ')', ', 1.3e-1')).replace(R, byNode(R, '(', ')', ', 0.2')),
    ],
    ['no names of arguments', `Genotype(${N}, ${C}, ${R}, ${C})`],
    ['another order', `Genotype(reduce=${R}, reduce_concat=${C}, normal=${N}, normal_concat=${C})`],
    ['Windows lines', V2.replaceAll(', ', ',\r\n')],
  ])('%s', (_, text) => {
    expect(printCellGenotype(parseCellGenotype(text))).toBe(printCellGenotype(publishedCell('DARTS_V2')));
  });

  test.each([
    ['a concat that is missing', V2.replace(`, reduce_concat=${C}`, ''), 'reduce_concat is missing'],
    ['None for a concat', V2.replace(`normal_concat=${C}`, 'normal_concat=None'), 'normal_concat is missing'],
    ['two genotypes', `${V2}\n${V2}`, 'there are 2 genotypes'],
    ['an argument too many', V2.replace(/\)$/, ', skip=3)'), 'unexpected argument skip'],
    ['an argument twice', V2.replace(/\)$/, `, normal=${N})`), 'gives normal twice'],
    ['input before operation', V2.replace("('sep_conv_3x3', 0)", "(0, 'sep_conv_3x3')"), 'genotype.normal'],
    ['no input', V2.replace("('sep_conv_3x3', 0)", "('sep_conv_3x3',)"), 'genotype.normal'],
    ['an unknown operation', V2.replace('dil_conv_3x3', 'conv_9x9'), 'genotype.normal[7]'],
    ['half an input', V2.replace("('sep_conv_3x3', 0)", "('sep_conv_3x3', 0.5)"), 'genotype.normal.0.1'],
    ['a bracket that is not closed', V2.slice(0, -1), 'a bracket is not closed'],
    ['an expression', V2.replaceAll(C, '2 + 3'), 'unexpected "+ 3'],
    ['a call', V2.replaceAll(C, '__import__("os")'), 'unexpected "__import__'],
    ['a name', V2.replaceAll(C, 'CONCAT'), 'unexpected "CONCAT'],
    ['text behind it', `${V2} and so on`, 'unexpected "and so on" after it'],
    ['a sum', V2.replaceAll(C, 'range(0+2, 6)'), 'unexpected "+2'],
    ['a number that is none', V2.replace(', 0)', ', 1e400)'), '1e400 is too large'],
    ['a range without end', V2.replaceAll(C, 'range(2, 999999999)'), 'a range of'],
    ['another tuple', V2.replace('Genotype', 'MyGenotype'), 'there is no Genotype(…)'],
  ])('%s is refused in one line that names the part', (_, text, part) => {
    const refused = message(() => parseCellGenotype(text));
    expect(refused).toContain(part);
    expect(refused).not.toContain('\n');
    expect(refused.length).toBeLessThan(420);
  });

  test.each([
    ['brackets', `Genotype(${'('.repeat(60_000)}`],
    ['names', `Genotype(normal=${'a'.repeat(60_000)}`],
    ['spaces', `Genotype(normal=${' '.repeat(60_000)}`],
    ['quotes', `Genotype(normal=${"'\\".repeat(30_000)}`],
    ['numbers', `Genotype(normal=[${'1'.repeat(60_000)}`],
    ['heads', 'Genotype('.repeat(7_000)],
    ['a megabyte', `Genotype(${' '.repeat(1_000_000)})`],
  ])('%s without end are refused at once', (_, text) => {
    const before = performance.now();
    expect(message(() => parseCellGenotype(text)).length).toBeLessThan(420);
    // Quadratic time would be minutes.
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('ENAS', () => {
  const micro = '0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1';
  const reduce = '1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1';
  test.each([
    `${micro} ${reduce}`,
    `[${micro}]\n[${reduce}]`,
    `[${micro.replaceAll(' ', ', ')}], [${reduce.replaceAll(' ', ', ')}]`,
    `([${micro.replaceAll(' ', ',')}],\n [${reduce.replaceAll(' ', ',')}])`,
    `fixed_arc="${micro}"\nfixed_arc="$fixed_arc ${reduce}"`,
    `--child_fixed_arc="${micro} ${reduce}"`,
    `ENAS = array([${micro}])  # normal\narray([${reduce}])`,
  ])('micro %#', (text) => {
    expect(printEnasMicro(parseEnasMicro(text))).toBe(`${micro} ${reduce}`);
  });
  test.each([
    '1 1 1 1 0 1',
    '1\n1 1\n1 0 1',
    '[1]\n[1 1]\n[1 0 1]',
    '[[1], [1, 1], [1, 0, 1]]',
    '1,1,1,1,0,1',
    'fixed_arc="1"\nfixed_arc="$fixed_arc 1 1"\nfixed_arc="${fixed_arc} 1 0 1"',
  ])('macro %#', (text) => {
    expect(printEnasMacro(parseEnasMacro(text))).toBe('1 1 1 1 0 1');
  });
  test('anything but integers is named, and the text is not repeated', () => {
    expect(message(() => parseEnasMacro('1 1 1 val_acc 0.8'))).toContain('(val_acc is none)');
    expect(message(() => parseEnasMicro(`${'1 '.repeat(5_000)}x`)).length).toBeLessThan(400);
    expect(message(() => parseEnasMacro('[]'))).toContain('it is empty');
  });
});

describe('NAS-Bench-201', () => {
  const cell = '|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|';
  test.each([
    cell,
    ` ${cell.replaceAll('|', ' | ').replaceAll('+', ' + ')} `,
    `arch = "${cell}"`,
    `Structure(4 nodes with ${cell})`,
    // NASLib: 0→1, 0→2, 0→3, 1→2, 1→3, 2→3 in its numbers.
    '(2, 0, 1, 3, 4, 2)',
    '[2, 0, 1, 3, 4, 2]',
    '(np.int64(2), np.int64(0), np.int64(1), np.int64(3), np.int64(4), np.int64(2))',
    "[(('nor_conv_3x3', 0),), (('skip_connect', 0), ('nor_conv_1x1', 1)), (('none', 0), ('avg_pool_3x3', 1), ('nor_conv_3x3', 2))]",
    '{"0_1": "conv_3x3", "0_2": "skip_connect", "1_2": "conv_1x1", "0_3": "none", "1_3": "avg_pool_3x3", "2_3": "conv_3x3"}',
  ])('%s', (text) => {
    expect(printNasBench201(nasBench201.parse(text))).toBe(cell);
  });
  test.each([
    ['(2, 0, 1, 3, 4, 5)', 'genotype[5]'],
    ['(2, 0, 1, 3, 4)', 'six edges'],
    ['|nor_conv_3x3~0|+|skip_connect~0|none~1|', 'six edges'],
    [cell.replace('none', 'conv'), 'genotype[3]'],
    [`${cell} ~`, 'begin and end with |'],
    [`${cell}${'|'.repeat(70_000)}`, 'characters'],
    ['', 'it is empty'],
  ])('%s is refused: %s', (text, part) => {
    const refused = message(() => nasBench201.parse(text));
    expect(refused).toContain(part);
    expect(refused.length).toBeLessThan(400);
  });
});

describe('graphs and blocks', () => {
  const graph = {
    matrix: [
      [0, 1, 1],
      [0, 0, 1],
      [0, 0, 0],
    ],
    operations: ['conv3x3'],
  };
  test.each([
    JSON.stringify(graph),
    "{'matrix': [[0, 1, 1], [0, 0, 1], [0, 0, 0]], 'operations': ['conv3x3']}",
    "ModelSpec(matrix=[[0, 1, 1], [0, 0, 1], [0, 0, 0]], ops=['input', 'conv3x3-bn-relu', 'output'])",
    "api.ModelSpec(\n  matrix=np.array([[0, 1, 1],\n  [0, 0, 1],  # a comment\n  [0, 0, 0]]),\n  ops=['input', 'conv3x3-bn-relu', 'output'],\n)",
    'model_spec = api.ModelSpec(matrix=[[0, 1, 1], [0, 0, 1], [0, 0, 0]], ops=[INPUT, CONV3X3, OUTPUT])',
    "matrix = [[0 1 1]\n [0 0 1]\n [0 0 0]]\nops = ['input' 'conv3x3-bn-relu' 'output']",
    "{'module_adjacency': array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=int8), 'module_operations': ['input', 'conv3x3-bn-relu', 'output']}",
  ])('NAS-Bench-101 %#', (text) => {
    expect(nasBench101().parse(text)).toEqual(graph);
  });
  test('PNAS blocks as tuples', () => {
    expect(
      pnas.parse("[(0, 0, 'sep_conv_5x5', 'max_pool_3x3'), (1, 1, 'sep_conv_7x7', 'max_pool_3x3'),]"),
    ).toEqual([
      [0, 0, 'sep_conv_5x5', 'max_pool_3x3'],
      [1, 1, 'sep_conv_7x7', 'max_pool_3x3'],
    ]);
  });
  test.each(['{"__proto__": [1]}', '{"constructor": 1}'])('%s is data and nothing else', (text) => {
    expect(JSON.stringify(readLiteral(text))).toBe(JSON.stringify(JSON.parse(text)));
    expect(({} as { readonly 0?: unknown })[0]).toBeUndefined();
  });
});
