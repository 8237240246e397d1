import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { experimentJsonSchema } from '../../nas/experiment/experiment-issues.ts';
import { experimentFields, experimentReference } from '../../nas/experiment/experiment-reference.ts';

describe('the reference of an experiment', () => {
  it('has a description of every field, alternatives included', () => {
    const fields = experimentFields();
    expect(fields.length).toBeGreaterThan(300);
    expect(
      fields.filter(({ description = '' }) => description.trim() === '').map(({ field }) => field),
    ).toEqual([]);
  });

  it('names type, default and what is allowed', () => {
    const of = (name: string) => experimentFields().find(({ field }) => field === name);
    expect(of('stages.search.recipe (image-classification).epochs')).toMatchObject({
      type: 'integer',
      required: false,
      default: 50,
      allowed: '≥ 1',
    });
    expect(of('stages.evaluate.recipe (image-classification).epochs')).toMatchObject({ default: 600 });
    expect(of('stages.evaluate.recipe (language-modelling).epochs')).toMatchObject({ default: 3600 });
    expect(of('task (language-modelling).data')).toMatchObject({ required: true, type: 'string' });
    expect(of('space (smash).maxKernel')).toMatchObject({ allowed: '3, 5, 7', default: 7 });
  });

  it('is what docs/experiment.md and experiments/schema.json hold: nas schema writes them', () => {
    expect(readFileSync('docs/experiment.md', 'utf8')).toBe(experimentReference());
    expect(JSON.parse(readFileSync('experiments/schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(experimentJsonSchema())),
    );
  });
});

const shipped = readdirSync('experiments').filter((file) => file.endsWith('.yaml'));

it.each(shipped)('experiments/%s tells editors its schema', (file) => {
  const [first = ''] = readFileSync(join('experiments', file), 'utf8').split('\n');
  const schema = /^# yaml-language-server: \$schema=(\S+)$/.exec(first)?.[1] ?? '';
  expect(schema).not.toBe('');
  expect(existsSync(join('experiments', schema))).toBe(true);
});
