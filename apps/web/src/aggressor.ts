/** Who crossed the spread: 1 a buyer, −1 a seller, 0 undecided. */
export type Side = -1 | 0 | 1

const sign = (value: number): Side => (value > 0 ? 1 : value < 0 ? -1 : 0)

/**
 * Whose trade it is, by the rule `quote` of the studies (docs/reference/studies.md): at the ask or above a buyer's, at the bid or below a seller's, between them
 * undecided; of a crossed quote its mid decides, without a quote the price before.
 */
export function sideOf(
  price: number,
  { bid, ask, before }: { bid?: number | undefined; ask?: number | undefined; before?: number | undefined },
): Side {
  if (bid === undefined || ask === undefined) return before === undefined ? 0 : sign(price - before)
  if (bid >= ask) return price >= (bid + ask) / 2 ? 1 : -1
  if (price >= ask) return 1
  return price <= bid ? -1 : 0
}
