import { z } from 'zod';

/** Plain JSON: the only thing that crosses a process, activity or storage boundary. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Of a document's part that only its owner reads: it was read from JSON text, so it is JSON. */
export const jsonSchema = z.custom<Json>();

/** The value that JSON text stands for. Throws `SyntaxError` where it is none. */
export const jsonOf = (text: string): Json => JSON.parse(text) as Json;

/** The same, of the form that a schema says. Throws `SyntaxError` or `ZodError`. */
export const parseJson = <T>(schema: z.ZodType<T>, text: string): T => schema.parse(jsonOf(text));
