/** What `npm run bench -- parquet` measures, in its order. */
export const SECTIONS = ['sizes', 'queries', 'year'] as const
export type Section = (typeof SECTIONS)[number]
