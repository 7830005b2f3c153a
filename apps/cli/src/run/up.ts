import { ROOT } from '../root.ts'
import { up } from '../up/up.ts'

export const run = (): Promise<void> => up(ROOT)
