import { inputError } from '../../nas/core/input-error.ts';

/** What is set of an architecture: options of its space, and the size of its network. */
interface ArchitectureOptions {
  readonly space: Readonly<Record<string, string | number>>;
  readonly network: Readonly<Record<string, string | number>>;
}

/** Reads `space.OPTION=VALUE` and `network.FIELD=VALUE`. Throws `InputError` for anything else. */
export const architectureOptions = (assignments: readonly string[]): ArchitectureOptions => {
  const read = {
    space: {} as Record<string, string | number>,
    network: {} as Record<string, string | number>,
  };
  for (const assignment of assignments) {
    const [, section, field, value] = /^(space|network)\.(\w+)=(.*)$/s.exec(assignment) ?? [];
    if (field === undefined || field === 'name' || value === undefined)
      throw inputError(
        '--set',
        assignment,
        'space.OPTION=VALUE, network.FIELD=VALUE',
        'set an option of the space, such as space.depth=24, or a size of the network, such as network.layers=8',
      );
    read[section as keyof typeof read][field] = /^\d+$/.test(value) ? Number(value) : value;
  }
  return read;
};
