import { describe, expect, it } from 'vitest';
import { deploymentId } from '../../nas/job/deployment.ts';

const PARTS = { namespace: 'searches.a1b2c', namespaceId: '01a228c5-1ea3', bucket: 'nas' };

describe('the id of a deployment', () => {
  it('is readable, and one value of a tag', () => {
    expect(deploymentId(PARTS)).toBe('searches.a1b2c/nas/01a228c5-1ea3');
    const long = deploymentId({ ...PARTS, namespace: 'ü/*'.repeat(100), bucket: 'b'.repeat(63) });
    expect(long.length).toBeLessThanOrEqual(256);
    expect(long).toMatch(/^[A-Za-z0-9 +\-=._:/@]+$/);
    expect(long.split('/')).toHaveLength(3);
  });

  it('tells apart servers whose namespaces have one name, and buckets', () => {
    const ids = [
      PARTS,
      { ...PARTS, namespaceId: 'another-server' },
      { ...PARTS, bucket: 'another' },
      { ...PARTS, namespace: 'other' },
    ].map(deploymentId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
