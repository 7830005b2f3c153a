const KEY = 'ib-stream.theme'
const CHOICES = ['auto', 'light', 'dark'] as const
type Choice = (typeof CHOICES)[number]
const SAID: Readonly<Record<Choice, string>> = { auto: 'as the system', light: 'light', dark: 'dark' }

const system = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

const chosen = (): Choice => CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? 'auto'

/** Draws the page in the theme that was chosen, and tells who draws by itself. */
export function applyTheme(): void {
  const choice = chosen()
  const isDark = choice === 'dark' || (choice === 'auto' && system.matches)
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
  document.getElementById('theme-button')?.setAttribute('aria-label', `Theme: ${SAID[choice]}`)
  for (const listener of listeners) listener()
}

export function nextTheme(): void {
  const next = CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length] ?? 'auto'
  localStorage.setItem(KEY, next)
  applyTheme()
}

export function onTheme(listener: () => void): void {
  listeners.add(listener)
}

/** A colour of the style sheet, by its name there. */
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

system.addEventListener('change', applyTheme)
