import { describe, expect, it } from 'vitest';
import { basicEnvironment, jobEnvironment } from '../../infra/local/environment.ts';

const SHELL = {
  PATH: '/bin',
  HOME: '/home/me',
  LC_ALL: 'C',
  GITHUB_TOKEN: 'secret',
  SSH_AUTH_SOCK: '/run/agent',
  HF_TOKEN: 'secret',
  VGW_WEBUI_PORT: ':7071',
  TEMPORAL_API_KEY: 'secret',
  NAS_CACHE: '/cache',
  AWS_REGION: 'us-east-1',
  AWS_SECRET_ACCESS_KEY: 'of the stack',
  AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_BATCH: 'http://127.0.0.1:2',
  ONEDNN_MAX_CPU_ISA: 'AVX2',
  OMP_NUM_THREADS: '2',
  CUDA_VISIBLE_DEVICES: '0',
};

describe('the environment', () => {
  it('of a server holds nothing of the user but where and how to run', () => {
    expect(Object.keys(basicEnvironment(SHELL))).toEqual(['PATH', 'HOME', 'LC_ALL']);
  });
  it('of a job holds what a trainer uses, and no tokens of the shell', () => {
    expect(Object.keys(jobEnvironment(SHELL))).toEqual([
      ...[
        'PATH',
        'HOME',
        'LC_ALL',
        'NAS_CACHE',
        'AWS_REGION',
        'AWS_SECRET_ACCESS_KEY',
        'AWS_ENDPOINT_URL_S3',
      ],
      ...['ONEDNN_MAX_CPU_ISA', 'OMP_NUM_THREADS', 'CUDA_VISIBLE_DEVICES'],
    ]);
  });
});
