/**
 * Every version that set-up installs, with the checksum of every file it downloads. Change a version here and
 * nowhere else.
 */

/** The oldest Node that runs the product. */
export const MINIMUM_NODE = [20, 3, 0];

/**
 * TensorFlow's Python wheels: they carry the C library that tfjs-node binds to. The wheel for CPython 3.11 is
 * taken whatever Python runs pip; the library inside is the same for all. Keys:
 * `<flavour>-<platform>-<architecture>`.
 */
export const TENSORFLOW = {
  version: '2.21.0',
  wheels: {
    'cpu-linux-x64': {
      distribution: 'tensorflow-cpu',
      platform: 'manylinux_2_27_x86_64',
      sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    },
    'cpu-linux-arm64': {
      distribution: 'tensorflow',
      platform: 'manylinux_2_27_aarch64',
      sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    },
    'gpu-linux-x64': {
      distribution: 'tensorflow',
      platform: 'manylinux_2_27_x86_64',
      sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    },
  },
};

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} purpose
 * @property {string} version
 * @property {readonly string[]} minimum version line and the oldest version accepted from PATH
 * @property {string} goPackage what `go install` builds
 * @property {string} release URL of the official archives, without the file's name
 * @property {Readonly<Record<string, { file: string, sha256: string }>>} archives by
 * `<platform>-<architecture>`
 */

/** @type {Readonly<Record<'temporal' | 'versitygw', Tool>>} */
export const TOOLS = {
  temporal: {
    name: 'temporal',
    purpose: 'the Temporal server with its web page',
    version: '1.5.1',
    minimum: ['Server (\\d+\\.\\d+\\.\\d+)', '1.29.0'],
    goPackage: 'github.com/temporalio/cli/cmd/temporal@v1.5.1',
    release: 'https://github.com/temporalio/cli/releases/download/v1.5.1/',
    archives: {
      'linux-x64': {
        file: 'temporal_cli_1.5.1_linux_amd64.tar.gz',
        sha256: 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
      },
      'linux-arm64': {
        file: 'temporal_cli_1.5.1_linux_arm64.tar.gz',
        sha256: 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
      },
    },
  },
  versitygw: {
    name: 'versitygw',
    purpose: 'the S3 server',
    version: '1.8.0',
    minimum: ['Version\\s*: v?(\\d+\\.\\d+\\.\\d+)', '1.8.0'],
    goPackage: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
    release: 'https://github.com/versity/versitygw/releases/download/v1.8.0/',
    archives: {
      'linux-x64': {
        file: 'versitygw_v1.8.0_Linux_x86_64.tar.gz',
        sha256: '2ba2c734d10d2c4e651d03182cb4b246656bc735a2f282db7b0b73fba6073467',
      },
      'linux-arm64': {
        file: 'versitygw_v1.8.0_Linux_arm64.tar.gz',
        sha256: 'b34051d33f5a9c457f790896acb7bd7d7e15ad8d92efb70616b924f37e401910',
      },
    },
  },
};
