import { byId, write } from './dom.ts'
import { endOf, type Window } from './shown.ts'

const inputTime = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 19)

/** The form *From – to*: it opens with what is shown. */
export function wireRangePicker(options: { window(): Window; onPick(window: Window): void }): void {
  const picker = byId<HTMLDetailsElement>('picker')
  const inputs = ['range-from', 'range-to'].map((id) => byId<HTMLInputElement>(id))
  picker.addEventListener('toggle', () => {
    const window = options.window()
    for (const [i, us] of [window.fromUs, endOf(window)].entries()) if (inputs[i]) inputs[i].value = inputTime(us)
  })
  byId('range-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const [fromUs, toUs] = inputs.map(({ value }) => Date.parse(`${value}Z`) * 1_000)
    const isGood = fromUs !== undefined && toUs !== undefined && fromUs < toUs
    write(byId('range-problem'), isGood ? '' : 'The beginning has to lie before the end.')
    if (!isGood) return
    picker.open = false
    options.onPick({ fromUs, toUs })
  })
}
