/** Indices into levels sorted by price. */
export interface ValueArea {
  peak: number
  low: number
  high: number
  volume: number
}

/**
 * The levels around the biggest one that together hold at least `wanted`: from it, the bigger neighbour is taken each time, of equals the upper.
 * O(levels).
 */
export function valueArea(volumes: readonly number[], wanted: number): ValueArea {
  let peak = 0
  for (let i = 1; i < volumes.length; i++) if (at(volumes, i) > at(volumes, peak)) peak = i
  const area = { peak, low: peak, high: peak, volume: at(volumes, peak) }
  while (area.volume < wanted && (area.low > 0 || area.high < volumes.length - 1)) {
    const [below, above] = [at(volumes, area.low - 1), at(volumes, area.high + 1)]
    if (above >= below && area.high < volumes.length - 1) area.high++
    else area.low--
    area.volume += Math.max(above >= below ? above : below, 0)
  }
  return area
}

/** Volume of a level; below every other one where there is none. */
const at = (volumes: readonly number[], index: number): number => volumes[index] ?? -1
