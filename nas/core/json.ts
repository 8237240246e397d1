/** Plain JSON: the only thing that crosses a process, activity or storage boundary. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
