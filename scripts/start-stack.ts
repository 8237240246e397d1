import type { StackDocument } from '../infra/local/stack/document.ts';
import { stackEnvironment } from '../infra/local/stack/document.ts';
import { layoutOf, stackHome } from '../infra/local/stack/layout.ts';
import { makeFolder } from '../infra/local/stack/make-folder.mjs';
import { stackUp } from '../infra/local/stack/up.ts';
import type { UpOptions, UpResult } from '../infra/local/stack/up.ts';
import { infrastructureError } from '../nas/core/infrastructure-error.ts';
import { asMachineFault } from './machine-fault.ts';
import { withLock } from './setup/cache.mjs';
import { findTool } from './setup/tools.mjs';

const toolPath = async (name: 'temporal' | 'versitygw'): Promise<string> => {
  const tool = await findTool(name);
  if (tool === undefined) throw infrastructureError(`${name} is not installed`, 'node scripts/setup.mjs');
  return tool.path;
};

/** Puts the shipped data sets into the bucket unless they are there. */
const seed = async (stack: StackDocument): Promise<void> => {
  const environment = stackEnvironment(stack);
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  const [{ createS3ObjectStore }, { seedShippedDataset }, { seedShippedText }] = await Promise.all([
    import('../store/s3-object-store.ts'),
    import('./data/shipped.ts'),
    import('./data/add-texts.ts'),
  ]);
  const store = createS3ObjectStore({ bucket: stack.config.bucket });
  await seedShippedDataset(store);
  await seedShippedText(store);
};

/** `nas up`: the stack of NAS_HOME, one caller at a time. */
export const startStack = async (
  options: Pick<UpOptions, 'ports' | 'slots' | 'services'>,
): Promise<UpResult> => {
  const layout = layoutOf(stackHome());
  try {
    makeFolder(layout.home, 0o700);
    const [temporal, versitygw] = await Promise.all([toolPath('temporal'), toolPath('versitygw')]);
    return await withLock(layout.lock, () =>
      stackUp({
        ...options,
        layout,
        tools: { temporal, versitygw },
        seed,
        say: (line) => process.stderr.write(`${line}\n`),
      }),
    );
  } catch (error) {
    throw asMachineFault(error, layout.home);
  }
};
