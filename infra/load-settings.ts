import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { issueErrors } from '../nas/experiment/experiment-issues.ts';
import { inputError, inputErrors } from '../nas/core/input-error.ts';
import { parseYaml } from '../nas/core/yaml-text.ts';
import type { YamlText } from '../nas/core/yaml-text.ts';
import { readTextFile } from './read-text-file.ts';
import { deploySettingsSchema } from './settings.ts';
import type { DeploySettings } from './settings.ts';

const DEFAULT_FILE = fileURLToPath(new URL('../nas.deploy.yaml', import.meta.url));
const LOOK_UP = 'docs/aws.md lists every field with its default';

const readYaml = (file: string): YamlText =>
  parseYaml(readTextFile(file, { field: 'settings', what: 'a YAML file', fix: LOOK_UP }), file);

/**
 * The settings of `nas deploy`: from `file` or NAS_DEPLOY_SETTINGS (which must exist), else from
 * `nas.deploy.yaml` where there is one, else the defaults. Where the file names no region, AWS_REGION does.
 * @throws InputError naming every field that is wrong
 */
export const loadDeploySettings = (
  options: { readonly file?: string; readonly env?: NodeJS.ProcessEnv } = {},
): DeploySettings => {
  const { env = process.env } = options;
  const named = options.file ?? env['NAS_DEPLOY_SETTINGS'];
  const file = named ?? DEFAULT_FILE;
  if (named !== undefined && !existsSync(named))
    throw inputError('settings', named, 'a YAML file that exists', LOOK_UP);
  const { value: content, place } = existsSync(file) ? readYaml(file) : { value: {}, place: () => file };
  if (content !== null && (typeof content !== 'object' || Array.isArray(content)))
    throw inputError(file, content, 'a mapping', LOOK_UP);
  const region = env['AWS_REGION'];
  const values = { ...(region === undefined || region === '' ? {} : { region }), ...content };
  const parsed = deploySettingsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const guide = {
    schema: z.toJSONSchema(deploySettingsSchema, { io: 'input' }),
    lookUp: LOOK_UP,
    fixes: { region: 'set region there, or AWS_REGION in the environment' },
  };
  const [first, ...rest] = issueErrors(values, parsed.error.issues, guide, (path) => {
    const field = path.map((part) => (typeof part === 'number' ? part : String(part)));
    return `${place(field)}: ${field.join('.')}`;
  });
  if (first === undefined) throw parsed.error;
  throw inputErrors([first, ...rest]);
};
