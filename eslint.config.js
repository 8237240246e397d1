import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const FOLDERS = [
  'nas',
  'store',
  'activities',
  'workflows',
  'containers',
  'infra',
  'scripts',
  'bench',
  'test',
];

/** Refuses imports from every top-level folder but these: the import arrows point inwards. */
const only = (...inner) => ({
  regex: `^(\\.\\./)+(${FOLDERS.filter((folder) => !inner.includes(folder)).join('|')})/`,
  message: `This folder imports ${inner.join('/, ')}/ alone: arrows point inwards.`,
});

/** Rooms of `nas/`, from the innermost outwards: each imports itself and those before it. */
const ROOMS = [
  ...['core', 'space', 'search', 'benchmark', 'task', 'experiment', 'job', 'protocol'],
  ...['training', 'estimate', 'report'],
];
/** The same of `nas/training`. `program.ts`, beside the rooms, is what all of them speak of. */
const TRAINING_ROOMS = [
  ...['graph', 'layers', 'optimizers', 'networks', 'controllers', 'supernets', 'tasks', 'programs'],
];
/** The same of `activities`; contracts, dependencies and failures beside the rooms belong to all. */
const ACTIVITY_ROOMS = [...['batch', 'documents', 'launch', 'search', 'stages', 'report', 'reconcile']];

/** Refuses what a room may not import: the rooms after it. */
const inwards = (rooms, room) => ({
  regex: `^(\\.\\./)+(${[...rooms.slice(rooms.indexOf(room) + 1), '-'].join('|')})/`,
  message: `${room}/ imports the rooms before it alone: arrows point inwards.`,
});

const NO_TENSORS = {
  group: ['@tensorflow/*'],
  message: 'Only nas/training and containers/trainer touch tensors.',
};
const NO_TRAINING = { regex: '^(\\.\\./)+(nas/)?training/', message: 'nas/training belongs to jobs alone.' };
const NO_AWS = { group: ['@aws-sdk/*', '@smithy/*'], message: 'This folder knows no AWS.' };
const NO_TEMPORAL = { group: ['@temporalio/*'], message: 'This folder knows no Temporal.' };
const builtins = (...allowed) => ({
  group: ['node:*', ...allowed.map((name) => `!node:${name}`)],
  message: 'Pure code imports no Node built-ins.',
});

/** Globals that would make pure code depend on when, where or how often it runs. */
const IMPURE_GLOBALS = [
  ...['process', 'fetch', 'performance', 'require'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'Buffer'],
].map((name) => ({ name, message: 'Pure code receives this as an argument.' }));

const NO_RANDOM = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: 'Randomness flows through nas/core/random.ts.',
};
/** What JSON text holds is known once a schema has read it. */
const NO_CAST = [
  {
    selector: "CallExpression[callee.object.name='JSON'][callee.property.name='parse']",
    message: 'Read JSON by a schema, or as it is: parseJson and jsonOf of nas/core/json.ts.',
  },
  {
    selector: [
      'TSAsExpression > CallExpression[callee.name=/^(jsonOf|parseJson)$/]',
      "TSAsExpression > CallExpression[callee.property.name='json']",
      "TSAsExpression > AwaitExpression > CallExpression[callee.property.name='json']",
    ].join(', '),
    message: 'Parsed data have the type that a schema gives them.',
  },
];
const NO_CLOCK = [
  "MemberExpression[object.name='Date'][property.name='now']",
  "NewExpression[callee.name='Date'][arguments.length=0]",
].map((selector) => ({ selector, message: 'Pure code has no clock.' }));

const imports = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
});

export default tseslint.config(
  { ignores: ['node_modules', '.nas', '.cache', 'cdk.out', 'dist', 'docs/results', 'data'] },
  js.configs.recommended,
  // Types and globals are the compiler's business: it checks the .mjs files too.
  { rules: { 'no-undef': 'off' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['store', 'activities', 'containers', 'infra', 'scripts', 'bench'].map(
      (folder) => `${folder}/**/*.ts`,
    ),
    rules: { 'no-restricted-syntax': ['error', ...NO_CAST] },
  },
  {
    files: ['nas/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS],
      'no-restricted-syntax': ['error', NO_RANDOM, ...NO_CLOCK, ...NO_CAST],
    },
  },
  // The one place that parses it.
  { files: ['nas/core/json.ts'], rules: { 'no-restricted-syntax': ['error', NO_RANDOM, ...NO_CLOCK] } },
  ...ROOMS.map((room) => ({
    files: [`nas/${room}/**/*.ts`],
    rules: imports(inwards(ROOMS, room), only('nas'), NO_TENSORS, NO_AWS, NO_TEMPORAL, builtins('crypto')),
  })),
  {
    // Images are files, decoded beside training in a thread of its own.
    files: ['nas/task/images/**/*.ts'],
    rules: {
      ...imports(
        inwards(ROOMS, 'task'),
        ...[only('nas'), NO_TENSORS, NO_AWS, NO_TEMPORAL],
        builtins('crypto', 'fs', 'fs/*', 'worker_threads', 'url'),
      ),
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS.filter(({ name }) => name !== 'Buffer')],
    },
  },
  {
    files: ['nas/training/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS.filter(({ name }) => name !== 'Buffer')],
    },
  },
  ...TRAINING_ROOMS.map((room) => ({
    // TensorFlow takes a graph from a file, and loads its text format with a package of its own.
    files: [`nas/training/${room}/**/*.ts`],
    rules: imports(
      ...[inwards(ROOMS, 'training'), inwards(TRAINING_ROOMS, room), only('nas'), NO_AWS, NO_TEMPORAL],
      builtins('crypto', 'fs', 'os', 'path', 'module', 'fs/*'),
    ),
  })),
  { files: ['store/**/*.ts'], rules: imports(only('nas', 'store'), NO_TENSORS, NO_TEMPORAL) },
  {
    files: ['activities/**/*.ts'],
    rules: imports(only('nas', 'store', 'activities', 'workflows'), NO_TRAINING, NO_TENSORS),
  },
  ...ACTIVITY_ROOMS.map((room) => ({
    files: [`activities/${room}/**/*.ts`],
    rules: imports(
      inwards(ACTIVITY_ROOMS, room),
      only('nas', 'store', 'activities', 'workflows'),
      ...[NO_TRAINING, NO_TENSORS],
    ),
  })),
  {
    files: ['workflows/**/*.ts'],
    rules: {
      ...imports(only('nas', 'activities', 'workflows'), NO_TRAINING, NO_TENSORS, NO_AWS, builtins()),
      // Timers and the clock are Temporal's own in a workflow, and deterministic.
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS.filter(({ name }) => !name.startsWith('set'))],
      'no-restricted-syntax': ['error', NO_RANDOM, ...NO_CAST],
    },
  },
  {
    files: ['containers/**/*.ts'],
    // The shim of what Node removed must load before tfjs-node.
    rules: imports({
      ...only('nas', 'store', 'activities', 'workflows', 'containers'),
      regex: `${only('nas', 'store', 'activities', 'workflows', 'containers').regex}(?!node-shim\\.mjs)`,
    }),
  },
  { files: ['infra/**/*.ts'], rules: imports(only('nas', 'store', 'infra')) },
  {
    files: ['scripts/**/*.ts'],
    rules: imports({ regex: '^(\\.\\./)+(test|bench)/', message: 'Not from scripts/.' }),
  },
);
