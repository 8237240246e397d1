import type { Template } from 'aws-cdk-lib/assertions';
import { resourcesOf } from './deployment.ts';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * A resource as text: references to the bucket become `bucket`, others their logical id, tokens of AWS their
 * name.
 */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    'Fn::Sub': pattern,
  } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return Ref.replace(/^AWS::/, '').toLowerCase();
  if (typeof pattern === 'string') return pattern;
  if (Array.isArray(attribute))
    return /^StoreBucket/.test(String(attribute[0])) ? 'bucket' : attribute.join('.');
  const [separator, parts] = join as [string, unknown[]];
  return parts.map(textOf).join(separator);
};

const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as T[]) : [value as T];

const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);

export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: NonNullable<Statement['Condition']>;
}

const grantOf = (statement: Statement): Grant => ({
  actions: listOf(statement.Action),
  resources: listOf(statement.Resource).map(textOf),
  conditions: statement.Condition ?? {},
});

interface PolicyDocument {
  readonly Statement: readonly Statement[];
}

/** What the policies whose logical id begins with `prefix` allow. */
export const grantsOf = (template: Template, prefix: string): Grant[] =>
  [
    ...Object.entries(resourcesOf(template, 'AWS::IAM::Policy')),
    ...Object.entries(resourcesOf(template, 'AWS::IAM::ManagedPolicy')),
  ]
    .filter(([id]) => id.startsWith(prefix))
    .flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as PolicyDocument).Statement)
    .filter(({ Effect }) => Effect === 'Allow')
    .map(grantOf);

/** The grant that allows an action on a resource, if one does; conditions are the caller's to judge. */
export const findGrant = (grants: readonly Grant[], action: string, resource: string): Grant | undefined =>
  grants.find(
    ({ actions, resources }) =>
      actions.some((pattern) => matches(pattern, action)) &&
      resources.some((pattern) => matches(pattern, resource)),
  );
