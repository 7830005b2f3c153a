/** A side of a quote; undefined where there is none: it is unset, or −1 or 0 without a size. */
export const sideOfQuote = (price: number | undefined, size: number | undefined): number | undefined =>
  price === undefined || ((price === 0 || price === -1) && !((size ?? 0) > 0)) ? undefined : price
