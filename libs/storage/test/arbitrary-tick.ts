export { arbitraryTick, tickAt } from '../../model/test/arbitrary-tick.ts'
