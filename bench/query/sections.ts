/** What `npm run bench -- query` measures, in its order. */
export const SECTIONS = ['history', 'memory', 'live', 'latency', 'replay', 'derived', 'studies'] as const
export type Section = (typeof SECTIONS)[number]

/** How much of everything: 1 is what the figures that must be reached are about. */
export interface Size {
  scale: number
  rounds: number
}
