import type { Json } from '../core/json.ts';

/** Why a literal cannot be read; the message is one line and names the place. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError';
}

/** Longer texts are no genotype, and deeper ones neither. */
export const LONGEST = 65_536;
const DEEPEST = 32;
/** Numbers of a range at most. */
const LONGEST_RANGE = 1_000;

interface Token {
  readonly kind: 'sign' | 'string' | 'number' | 'name';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /(?<skip>\s+|#[^\n]*|\\\r?\n)|(?<string>[bru]?'(?:[^'\\\n]|\\.)*'|[bru]?"(?:[^"\\\n]|\\.)*")|(?<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?<name>[A-Za-z_][\w.]*)|(?<sign>[()[\]{},:=*])/y;

const quoted = (text: string): string =>
  text
    .replace(/^[bru]/, '')
    .slice(1, -1)
    .replace(/\\(.)/g, '$1');

/** The token that begins at `from` after spaces and comments; undefined at the end. */
const tokenAt = (text: string, from: number): (Token & { readonly end: number }) | undefined => {
  let at = from;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new LiteralError(`unexpected ${JSON.stringify(text.slice(at, at + 20))}`);
    const end = TOKEN.lastIndex;
    if (groups['skip'] === undefined) {
      for (const kind of ['string', 'number', 'name', 'sign'] as const) {
        const found = groups[kind];
        if (found !== undefined) return { kind, text: found, at, end };
      }
    }
    at = end;
  }
  return undefined;
};

/** A call whose arguments are kept, such as `Genotype(…)`: positional ones by number. */
interface Call {
  readonly name: string;
  readonly parts: ReadonlyMap<string | number, Json>;
  /** Where the text goes on. */
  readonly end: number;
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
/** What wraps a value and changes nothing that matters here: numpy's numbers and arrays, and conversions. */
const WRAPPER =
  /^(?:(?:np|numpy|torch|jnp)\.)?(?:u?int(?:8|16|32|64)?|float(?:16|32|64)?|str_?|array|asarray|tensor|list|tuple|dict|OrderedDict)$/;
/** Ranges of Python 2 and 3 and of numpy. */
const RANGE = /^(?:x?range|(?:np|numpy|torch|jnp)\.arange)$/;
const CONSTANTS: Readonly<Record<string, Json>> = {
  None: null,
  null: null,
  True: true,
  true: true,
  False: false,
  false: false,
};

/** Reads values one after another; nothing is evaluated but `range`. */
const reader = (text: string, start: number) => {
  let position = start;
  const peek = () => tokenAt(text, position);
  const take = (): Token => {
    const token = tokenAt(text, position);
    if (token === undefined) throw new LiteralError('it ends too early: a bracket is not closed');
    position = token.end;
    return token;
  };
  const unexpected = (token: Token): LiteralError =>
    new LiteralError(`unexpected ${JSON.stringify(text.slice(token.at, token.at + 20))}`);

  /** Up to the closing bracket; commas may be missing, as numpy leaves them out. */
  const items = (closing: string, item: (index: number) => void): void => {
    for (let index = 0; ; index++) {
      const next = peek();
      if (next?.text === closing && next.kind === 'sign') {
        take();
        return;
      }
      item(index);
      const after = peek();
      if (after?.kind === 'sign' && after.text === ',') take();
    }
  };

  const call = (name: string, depth: number): ReadonlyMap<string | number, Json> => {
    const parts = new Map<string | number, Json>();
    items(')', (index) => {
      const first = peek();
      let key: string | number = index;
      if (first?.kind === 'name') {
        const sign = tokenAt(text, first.end);
        if (sign?.text === '=') {
          key = first.text;
          position = sign.end;
        }
      }
      if (parts.has(key)) throw new LiteralError(`${name} gives ${key} twice`);
      // The type of an array's numbers is a name, and changes none of them.
      if (key === 'dtype') take();
      else parts.set(key, value(depth + 1));
      // Two numbers without a comma are a sum: `range(2, 2+4)`.
      const after = peek();
      if (after?.kind === 'number') throw unexpected(after);
    });
    return parts;
  };

  const rangeOf = (parts: ReadonlyMap<string | number, Json>): Json => {
    const numbers = [...parts.values()];
    const whole = numbers.every((n) => typeof n === 'number' && Number.isInteger(n));
    const [from, to, step = 1] = (numbers.length === 1 ? [0, numbers[0]] : numbers) as [
      number,
      number,
      number?,
    ];
    if (!whole || numbers.length < 1 || numbers.length > 3 || step === 0)
      throw new LiteralError('range takes one to three integers, the last one not 0');
    const length = Math.max(0, Math.ceil((to - from) / step));
    if (length > LONGEST_RANGE) throw new LiteralError(`a range of ${length} numbers`);
    return Array.from({ length }, (_, i) => from + step * i);
  };

  const value = (depth: number): Json => {
    if (depth > DEEPEST) throw new LiteralError(`brackets more than ${DEEPEST} deep`);
    const token = take();
    if (token.kind === 'string') return quoted(token.text);
    if (token.kind === 'number') {
      const number = Number(token.text);
      if (!Number.isFinite(number))
        throw new LiteralError(`${token.text.slice(0, 20)} is too large a number`);
      return number;
    }
    if (token.kind === 'name') {
      if (Object.hasOwn(CONSTANTS, token.text)) return CONSTANTS[token.text] as Json;
      const after = peek();
      if (after?.text !== '(') throw unexpected(token);
      take();
      const parts = call(token.text, depth);
      if (RANGE.test(token.text)) return rangeOf(parts);
      const wrapped = parts.get(0);
      if (!WRAPPER.test(token.text) || wrapped === undefined) throw unexpected(token);
      return wrapped;
    }
    const closing = CLOSING[token.text];
    if (closing === undefined) throw unexpected(token);
    if (token.text === '{') {
      const record: Record<string, Json> = {};
      items(closing, () => {
        const key = take();
        if (key.kind !== 'string') throw unexpected(key);
        const colon = take();
        if (colon.text !== ':') throw unexpected(colon);
        const name = quoted(key.text);
        if (Object.hasOwn(record, name)) throw new LiteralError(`${name} is given twice`);
        Object.defineProperty(record, name, { value: value(depth + 1), enumerable: true });
      });
      return record;
    }
    const list: Json[] = [];
    let commas = false;
    items(closing, () => {
      const star = peek();
      if (star?.text === '*' && star.kind === 'sign') {
        take();
        const spread = value(depth + 1);
        if (!Array.isArray(spread)) throw new LiteralError('* stands before a list');
        list.push(...(spread as readonly Json[]));
      } else list.push(value(depth + 1));
      const after = peek();
      commas ||= after?.text === ',';
    });
    // `(3)` is 3; `(3,)` is a list of it.
    return token.text === '(' && list.length === 1 && !commas ? (list[0] as Json) : list;
  };
  return {
    value: () => value(0),
    call: (name: string) => call(name, 0),
    take,
    peek,
    position: () => position,
  };
};

const bounded = (text: string): string => {
  if (text.length > LONGEST) throw new LiteralError(`${text.length} characters, at most ${LONGEST}`);
  // Quotes as word processors and chat programs make them; none of the names has one.
  return text.replace(/[\u2018\u2019]/g, "'").replace(/[\u201c\u201d]/g, '"');
};

/** Reads the arguments of the call whose opening bracket is at `open`. Throws `LiteralError`. */
export const readCall = (text: string, name: string, open: number): Call => {
  const read = reader(bounded(text), open + 1);
  const parts = read.call(name);
  return { name, parts, end: read.position() };
};

/**
 * Reads a literal as Python, numpy and JSON print them: lists, tuples and arrays become lists. In front of it
 * may stand `NAME =`. Several such assignments, or one call of names, are a record. Throws `LiteralError`.
 */
export const readLiteral = (text: string): Json => {
  const read = reader(bounded(text), 0);
  const record: Record<string, Json> = {};
  let single: Json | undefined;
  let count = 0;
  for (let first = read.peek(); first !== undefined; first = read.peek()) {
    if (first.kind === 'sign' && [',', ';'].includes(first.text) && count > 0) {
      read.take();
      continue;
    }
    count++;
    const second = first.kind === 'name' ? tokenAt(text, first.end) : undefined;
    if (second?.kind === 'sign' && (second.text === '=' || second.text === ':')) {
      read.take();
      read.take();
      const next = read.peek();
      single = isCallOfNames(text, next) ? recordOf(read) : read.value();
      if (Object.hasOwn(record, first.text)) throw new LiteralError(`${first.text} is given twice`);
      Object.defineProperty(record, first.text, { value: single, enumerable: true });
      continue;
    }
    if (count > 1)
      throw new LiteralError(`unexpected ${JSON.stringify(text.slice(first.at, first.at + 20))}`);
    single = isCallOfNames(text, first) ? recordOf(read) : read.value();
  }
  if (single === undefined) throw new LiteralError('it is empty');
  return count > 1 ? record : single;
};

const isCallOfNames = (text: string, token: (Token & { readonly end: number }) | undefined): boolean =>
  token?.kind === 'name' &&
  !RANGE.test(token.text) &&
  !WRAPPER.test(token.text) &&
  tokenAt(text, token.end)?.text === '(';

const recordOf = (read: ReturnType<typeof reader>): Json => {
  const { text: name } = read.take();
  read.take();
  const parts = read.call(name);
  if ([...parts.keys()].some((key) => typeof key === 'number'))
    throw new LiteralError(`${name} has arguments without names`);
  return Object.fromEntries(parts) as Json;
};
