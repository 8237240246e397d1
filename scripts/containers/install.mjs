/**
 * Installs what one container image needs: `node scripts/containers/install.mjs
 * trainer-cpu|trainer-gpu|worker`, in the folder that becomes the image. The Dockerfiles run this and nothing
 * else. TensorFlow and the bundled workflows go to NAS_CACHE; packages that only tests and deployment need
 * are left out.
 */
import { fileURLToPath } from 'node:url';
import { installPackages } from '../setup/node-packages.mjs';
import { checkNodeVersion } from '../setup/node-version.mjs';
import { SetupError } from '../setup/setup-error.mjs';
import { installTensorFlow } from '../setup/tensorflow.mjs';
import { LockError } from '../../infra/local/stack/lock.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles the workflows as the worker does at its start, so that the image starts with the bundle at hand.
 */
const bundleWorkflows = async () => {
  const { register } = await import('tsx/esm/api');
  register();
  const { workflowBundle } = await import('../../containers/worker/bundle.ts');
  const { codePath } = await workflowBundle(process.env);
  process.stderr.write(`setup: workflows bundled in ${codePath}\n`);
};

/** @type {Readonly<Record<string, () => Promise<unknown>>>} */
const IMAGES = {
  'trainer-cpu': () => installTensorFlow(root, 'cpu'),
  'trainer-gpu': () => installTensorFlow(root, 'gpu'),
  worker: async () => {
    await installTensorFlow(root, 'cpu');
    await bundleWorkflows();
  },
};

const install = IMAGES[process.argv[2] ?? ''];
if (install === undefined) {
  process.stderr.write(
    `install: ${process.argv[2]} is no image. Allowed: ${Object.keys(IMAGES).join(', ')}\n`,
  );
  process.exit(2);
}
try {
  checkNodeVersion();
  await installPackages(root, { development: false });
  await install();
} catch (error) {
  if (!(error instanceof SetupError || error instanceof LockError)) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exit(3);
}
