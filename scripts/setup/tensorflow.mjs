import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedFolder } from './cache.mjs';
import { verifyChecksum } from './checksum.mjs';
import { CommandError, run, say, which } from './command.mjs';
import { SetupError } from './setup-error.mjs';
import { TENSORFLOW } from './versions.mjs';

/** @typedef {'cpu' | 'gpu'} Flavour */

/** The two libraries that the binding loads, by the names it asks for. */
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** Headers that the binding's two source files reach; the wheel holds 100 MB of others. */
const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'];

const UNZIP = `
import sys, zipfile
wheel, target, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if any(name.startswith(prefix) for prefix in prefixes):
            archive.extract(name, target)
`;

/** @param {Flavour} flavour */
const packageName = (flavour) => (flavour === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node');

/** @param {Flavour} flavour */
const wheelOf = (flavour) => {
  const platform = `${process.platform}-${process.arch}`;
  const wheels =
    /** @type {Record<string, { distribution: string, platform: string, sha256: string } | undefined>} */ (
      TENSORFLOW.wheels
    );
  const wheel = wheels[`${flavour}-${platform}`];
  if (wheel !== undefined) return wheel;
  throw new SetupError(
    `TensorFlow ${TENSORFLOW.version} (${flavour}) is not pinned for ${platform}; pinned: ${Object.keys(TENSORFLOW.wheels).join(', ')}`,
    'use a Linux machine or a Linux container',
  );
};

/** @returns {Promise<string>} a Python 3 that has pip */
const findPython = async () => {
  const python = which('python3') ?? which('python');
  if (python === undefined) {
    throw new SetupError(
      'Python 3 is missing (TensorFlow comes as a Python wheel)',
      'install it, e.g. apt-get install python3 python3-pip',
    );
  }
  try {
    await run(python, ['-m', 'pip', '--version'], { timeoutMs: 60_000 });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new SetupError(
      `${python} has no pip: ${cause.message}`,
      'install it, e.g. apt-get install python3-pip, or python3 -m ensurepip --user',
      { cause },
    );
  }
  return python;
};

/**
 * @param {Flavour} flavour
 * @returns {Promise<string>} folder with `lib/`, `include/` and, for the GPU, `nvidia/`
 */
const installLibraries = (flavour) => {
  const wheel = wheelOf(flavour);
  const name = `tensorflow-${TENSORFLOW.version}-${flavour}-${process.platform}-${process.arch}`;
  return cachedFolder(name, async (staging) => {
    const python = await findPython();
    const target = `--only-binary=:all: --python-version 3.11 --implementation cp --platform`.split(' ');
    const pip = async (/** @type {readonly string[]} */ args, /** @type {string} */ doing) => {
      try {
        await run(python, ['-m', 'pip', '--disable-pip-version-check', ...args], { doing });
      } catch (cause) {
        if (!(cause instanceof CommandError)) throw cause;
        throw new SetupError(
          `pip could not fetch TensorFlow: ${cause.message}`,
          'check that pip can reach its package index (python3 -m pip download six) and is 20.3 or newer (python3 -m pip install -U pip)',
          { cause },
        );
      }
    };
    say(`TensorFlow: downloading ${wheel.distribution} ${TENSORFLOW.version} (0.3 GB; GPU 0.6 GB)`);
    const download = join(staging, 'download');
    const requirement = `${wheel.distribution}==${TENSORFLOW.version}`;
    await pip(
      ['download', '--quiet', '--no-deps', ...target, wheel.platform, '--dest', download, requirement],
      'downloading TensorFlow',
    );
    const file = readdirSync(download).find((entry) => entry.endsWith('.whl')) ?? '';
    await verifyChecksum(join(download, file), wheel.sha256);
    say('TensorFlow: unpacking the library');
    const prefixes = [
      ...LIBRARIES.map((library) => `tensorflow/${library}`),
      ...HEADERS.map((folder) => `tensorflow/include/${folder}`),
    ];
    await run(python, ['-c', UNZIP, join(download, file), staging, ...prefixes]);
    rmSync(download, { recursive: true });
    mkdirSync(join(staging, 'lib'));
    for (const library of LIBRARIES) {
      renameSync(join(staging, 'tensorflow', library), join(staging, 'lib', library));
    }
    renameSync(join(staging, 'tensorflow', 'include'), join(staging, 'include'));
    rmSync(join(staging, 'tensorflow'), { recursive: true });
    if (flavour === 'gpu') {
      say('TensorFlow: installing the CUDA libraries (3 GB)');
      const requirements = fileURLToPath(new URL('cuda-requirements.txt', import.meta.url));
      await pip(
        ['install', '--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes'].concat(
          ...['--target', join(staging, 'cuda'), '--requirement', requirements],
        ),
        'installing the CUDA libraries',
      );
      renameSync(join(staging, 'cuda', 'nvidia'), join(staging, 'nvidia'));
      rmSync(join(staging, 'cuda'), { recursive: true });
    }
  });
};

const SESSION_OPTIONS = fileURLToPath(new URL('session-options.h', import.meta.url));

/** What marks a binding as ours: TensorFlow's version and how it opens sessions. */
const bindingBuild = () =>
  `${TENSORFLOW.version}-${createHash('sha256').update(readFileSync(SESSION_OPTIONS)).digest('hex').slice(0, 8)}`;

/**
 * Compiles tfjs-node's two source files against the library. Node-API is stable, so that one binding serves
 * every supported Node.
 * @param {string} root
 * @param {Flavour} flavour
 * @param {string} libraries
 */
const buildBinding = (root, flavour, libraries) => {
  const packageFolder = join(root, 'node_modules', packageName(flavour));
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const name = `tfjs-binding-${version}-${bindingBuild()}-${flavour}-${process.platform}-${process.arch}`;
  return cachedFolder(name, async (staging) => {
    const compiler = process.env['CXX'] ?? which('c++') ?? which('g++') ?? which('clang++');
    if (compiler === undefined) {
      throw new SetupError(
        'a C++ compiler is missing (the TensorFlow binding is compiled here)',
        'install one, e.g. apt-get install g++, or name it in the environment variable CXX',
      );
    }
    say('TensorFlow: compiling the Node binding (10 s)');
    try {
      await run(
        compiler,
        [
          ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-w'],
          ...['-include', SESSION_OPTIONS],
          ...['-I', join(libraries, 'include'), '-I', join(packageFolder, '..')],
          ...['-I', join(root, 'node_modules', 'node-api-headers', 'include')],
          ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(packageFolder, 'binding', file)),
          ...LIBRARIES.map((library) => join(libraries, 'lib', library)),
          '-Wl,-rpath,$ORIGIN/../../deps/lib',
          ...['-o', join(staging, 'tfjs_binding.node')],
        ],
        { doing: 'compiling the binding' },
      );
    } catch (cause) {
      if (!(cause instanceof CommandError)) throw cause;
      throw new SetupError(
        `the TensorFlow binding does not compile: ${cause.message}`,
        'a compiler with C++17 is needed (GCC 9 or newer, Clang 10 or newer); name another in CXX',
        { cause },
      );
    }
  });
};

const PROBE = `
import(process.argv[1]).then(() => {
  const tf = require(process.argv[2]);
  process.stdout.write(tf.backend().binding.TF_Version);
});
`;

/**
 * TensorFlow's version as the binding reports it, in a process of its own.
 * @param {string} root
 * @param {Flavour} flavour
 * @returns {Promise<string>}
 */
export const probeTensorFlow = async (root, flavour = 'cpu') => {
  const shim = new URL('../node-shim.mjs', import.meta.url).href;
  return run(process.execPath, ['-e', PROBE, shim, packageName(flavour)], {
    cwd: root,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    timeoutMs: 120_000,
  });
};

/** @param {string} path @param {string} target */
const link = (path, target) => {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
};

/**
 * Gives tfjs-node its library and binding. The libraries stay in the cache and are linked.
 * @param {string} root
 * @param {Flavour} [flavour]
 */
export const installTensorFlow = async (root, flavour = 'cpu') => {
  const packageFolder = join(root, 'node_modules', packageName(flavour));
  const bindingFolder = join(packageFolder, 'lib', 'napi-v8');
  const binding = join(bindingFolder, 'tfjs_binding.node');
  const stamp = join(bindingFolder, 'durable-nas-tensorflow');
  const isLinked = existsSync(binding) && existsSync(join(packageFolder, 'deps', 'lib', LIBRARIES[0] ?? ''));
  const build = bindingBuild();
  // A binding without our mark may be whole, yet would open its sessions differently: it is replaced.
  if (isLinked && existsSync(stamp) && readFileSync(stamp, 'utf8') === build) {
    return say(`TensorFlow: ${TENSORFLOW.version} (${flavour})`);
  }
  const libraries = await installLibraries(flavour);
  const built = await buildBinding(root, flavour, libraries);
  mkdirSync(join(packageFolder, 'deps', 'lib'), { recursive: true });
  mkdirSync(bindingFolder, { recursive: true });
  for (const library of LIBRARIES) {
    link(join(packageFolder, 'deps', 'lib', library), join(libraries, 'lib', library));
  }
  if (flavour === 'gpu') link(join(packageFolder, 'deps', 'nvidia'), join(libraries, 'nvidia'));
  rmSync(binding, { force: true });
  copyFileSync(join(built, 'tfjs_binding.node'), binding);
  try {
    const version = await probeTensorFlow(root, flavour);
    writeFileSync(stamp, build);
    say(`TensorFlow: ${version} (${flavour})`);
  } catch (cause) {
    throw new SetupError(
      `TensorFlow does not load: ${cause instanceof Error ? cause.message : String(cause)}`,
      'a processor with AVX and glibc 2.27 or newer are needed; on a GPU machine, a driver for CUDA 12',
      { cause },
    );
  }
};
