/** What `npm run bench -- storage` measures, in its order. */
export const SECTIONS = ['sizes', 'codecs', 'append', 'ranges', 'peers', 'archive', 'memory'] as const
export type Section = (typeof SECTIONS)[number]
