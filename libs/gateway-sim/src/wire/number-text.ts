/** Below it JavaScript writes a number with an exponent. */
const LEAST_PLAIN = 1e-6

/** A price or size as IB writes it: 0.00000001, where JavaScript writes 1e-8. Up to 1e21. */
export function numberText(value: number): string {
  if (value === 0 || Math.abs(value) >= LEAST_PLAIN) return String(value)
  const [mantissa = '', exponent = ''] = Math.abs(value).toExponential().split('e-')
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(Number(exponent) - 1)}${mantissa.replace('.', '')}`
}

/** The same, empty for what is unset. */
export function numberField(value: number | undefined): string {
  return value === undefined ? '' : numberText(value)
}
