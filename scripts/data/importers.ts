import { images } from './add-images.ts';
import { texts } from './add-texts.ts';
import type { Importer } from './importer.ts';

/** All of them; a name that none of them knows, with a path, is that of data for the first. */
export const IMPORTERS: readonly Importer[] = [images, texts];
