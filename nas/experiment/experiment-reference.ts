import { experimentJsonSchema } from './experiment-issues.ts';

/** The part of a JSON Schema that describes a field. */
interface FieldSchema {
  readonly title?: string;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  readonly additionalProperties?: FieldSchema | false;
  readonly oneOf?: readonly FieldSchema[];
  readonly anyOf?: readonly FieldSchema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** One field of an experiment, as the reference lists it. */
interface FieldReference {
  /** `stages.search.recipe.epochs`; of alternatives with their name: `strategy (darts).optimization`. */
  readonly field: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly allowed: string;
  /** Absent where the schema says nothing, which a test refuses. */
  readonly description?: string;
}

const alternativesOf = ({ oneOf = [], anyOf = [] }: FieldSchema): readonly FieldSchema[] => [
  ...oneOf,
  ...anyOf,
];

const typeOf = (schema: FieldSchema): string => {
  if (schema.const !== undefined) return typeof schema.const;
  if (schema.enum !== undefined) return 'string';
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.type !== undefined) return schema.type === 'object' ? 'mapping' : schema.type;
  return [...new Set(alternativesOf(schema).map(typeOf))].join(' or ');
};

/** Bounds that only say what fits into a number are none. */
const isBound = (value: number | undefined): value is number =>
  value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;

const allowedOf = (schema: FieldSchema): string => {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(', ');
  const alternatives = alternativesOf(schema).filter(({ properties }) => properties === undefined);
  if (alternatives.length > 0) return alternatives.map((one) => allowedOf(one) || typeOf(one)).join(', ');
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minItems, maxItems, items, pattern } = schema;
  return [
    ...(isBound(minimum) ? [`≥ ${minimum}`] : []),
    ...(isBound(exclusiveMinimum) ? [`> ${exclusiveMinimum}`] : []),
    ...(isBound(maximum) ? [`≤ ${maximum}`] : []),
    ...(isBound(exclusiveMaximum) ? [`< ${exclusiveMaximum}`] : []),
    ...(minItems === undefined ? [] : [`at least ${minItems}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(items === undefined || allowedOf(items) === '' ? [] : [`each ${allowedOf(items)}`]),
    ...(pattern === undefined ? [] : [`/${pattern}/`]),
  ].join(', ');
};

const tagOf = ({ title, properties = {} }: FieldSchema): string =>
  String(
    title ?? properties['name']?.const ?? properties['name']?.default ?? properties['kind']?.const ?? '',
  );

const fieldsOf = (schema: FieldSchema, path: string): readonly FieldReference[] => [
  ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [
      {
        field: at,
        type: typeOf(field),
        required: (schema.required ?? []).includes(name),
        ...(field.default === undefined ? {} : { default: field.default }),
        allowed: allowedOf(field),
        ...(field.description === undefined ? {} : { description: field.description }),
      },
      ...fieldsOf(field, at),
    ];
  }),
  ...alternativesOf(schema).flatMap((one) => fieldsOf(one, `${path} (${tagOf(one)})`)),
  ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`)),
  ...(typeof schema.additionalProperties === 'object'
    ? fieldsOf(schema.additionalProperties, `${path}.*`)
    : []),
];

/** Every field of an experiment, alternatives included, in the order of the schema. */
export const experimentFields = (): readonly FieldReference[] =>
  fieldsOf(experimentJsonSchema() as FieldSchema, '');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const defaultOf = (field: FieldReference): string => {
  if (field.required) return '**required**';
  // What a mapping or a strategy holds by default stands beside its own fields.
  if (field.default === undefined || (typeof field.default === 'object' && !Array.isArray(field.default)))
    return '';
  return `\`${JSON.stringify(field.default)}\``;
};

/** The reference as Markdown: what `nas schema --markdown` prints. */
export const experimentReference = (): string =>
  [
    '# Every field of an experiment',
    '',
    'Written by `nas schema --markdown > docs/experiment.md`. `space (smash).depth` is the field `depth` of the space `smash`; a',
    'strategy whose defaults follow from `stages.search.evaluations` has none here: `nas run FILE --dry-run` prints them.',
    '',
    '| Field | Type | Default | Allowed | Meaning |',
    '| --- | --- | --- | --- | --- |',
    ...experimentFields().map((field) =>
      [
        '',
        ` \`${field.field}\` `,
        ` ${field.type} `,
        ` ${cell(defaultOf(field))} `,
        ` ${cell(field.allowed)} `,
        ` ${cell(field.description ?? '')} `,
        '',
      ].join('|'),
    ),
    '',
  ].join('\n');
