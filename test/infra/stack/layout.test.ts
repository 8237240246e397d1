import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY, stackHome } from '../../../infra/local/stack/layout.ts';

it.each([
  [undefined, join(REPOSITORY, '.nas')],
  ['', join(REPOSITORY, '.nas')],
  ['/somewhere/else', '/somewhere/else'],
  // Servers and jobs have working folders of their own.
  ['homes/a', join(process.cwd(), 'homes', 'a')],
])('NAS_HOME=%s is %s', (given, home) => {
  expect(stackHome(given === undefined ? {} : { NAS_HOME: given })).toBe(home);
});
