import fc from 'fast-check'
import { FARMS, type Farm, type MarketStream, STREAMS } from './market.ts'
import type { World } from './world.ts'

const CUT = 'Connectivity between IB and Trader Workstation has been lost.'
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored'

const farmOf = (n: number): Farm => FARMS[n % FARMS.length] ?? FARMS[0]
const streamOf = (n: number): MarketStream[] => STREAMS.filter((_, i) => i === n % STREAMS.length)

/** Everything that happens to the gateway, to IB, or to ingest; where it cannot happen now nothing does. `n` decides to what it happens, and how. */
const FAULTS = {
  cut: async (world, n) => {
    const { gateway } = world
    if (gateway.isCut) return
    gateway.isCut = true
    gateway.isForgetful = n % 2 === 0
    await world.pass(n % 6_000) // it takes a while to notice
    gateway.isCutKnown = true
    gateway.say(n % 5 === 0 ? 2110 : 1100, CUT)
  },

  cutIsOver: ({ gateway }, n) => {
    if (!gateway.isCutKnown) return
    gateway.endCut()
    if (n % 3 === 0) gateway.forget(({ rid }) => rid === STREAMS[n % STREAMS.length]?.rid)
    gateway.say(1102, `${RESTORED} - data maintained. ${gateway.farmsInWords}`)
  },

  /** Each farm is connected anew with IB, and no word but this one says so. */
  cutIsOverWithAllFarms: ({ gateway }) => gateway.restoreAll(),

  cutIsOverWithDataLost: ({ gateway }) => {
    if (!gateway.isCutKnown) return
    gateway.endCut()
    gateway.forget(() => true)
    gateway.say(1101, `${RESTORED} - data lost.`)
  },

  farmBreaks: ({ gateway }, n) => {
    const farm = farmOf(n)
    if (!gateway.farms.delete(farm)) return
    gateway.tellsBroken = n % 3 !== 0
    if (n % 3 === 0) gateway.say(2119, `Market data farm is connecting:${farm}`)
    else gateway.say(2103, `Market data farm connection is broken:${farm}`)
  },

  farmSleeps: ({ gateway }, n) => {
    const farm = farmOf(n)
    if (gateway.farms.has(farm)) return
    gateway.asleep.add(farm)
    gateway.say(2108, `Market data farm connection is inactive but should be available upon demand.${farm}`)
  },

  farmIsBack: ({ gateway }, n) => {
    const farm = farmOf(n)
    if (gateway.farms.has(farm)) return
    if (n % 5 === 0) gateway.forget((stream) => stream.farm === farm)
    gateway.connectFarm(farm)
  },

  rivalComes: ({ gateway }) => {
    gateway.hasRival = true
    gateway.refuseAll()
  },

  rivalGoes: ({ gateway }) => {
    gateway.hasRival = false
  },

  connectionDrops: ({ gateway }) => gateway.drop('reset'),

  gatewayGoes: ({ gateway }) => {
    gateway.isUp = false
    gateway.drop('the gateway is gone')
  },

  gatewayComes: ({ gateway }) => {
    gateway.isUp = true
  },

  gatewayFallsMute: ({ gateway }) => {
    gateway.isMute = true
  },

  gatewayGoesOn: ({ gateway }) => gateway.goOn(),

  ingestIsKilled: (world, n) => world.restart(n * 5),

  spoolIsFull: ({ ingest }) => {
    ingest.spool.full = true
  },

  spoolHasRoom: ({ ingest }) => {
    ingest.spool.full = false
  },

  streamIsLeft: (world, n) => {
    for (const stream of streamOf(n)) world.leave(stream)
  },

  streamIsWanted: (world, n) => {
    for (const stream of streamOf(n)) world.want(stream)
  },

  streamIsSuspected: (world, n) => {
    for (const stream of streamOf(n)) world.suspect(stream)
  },

  connectionIsSuspected: ({ ingest }) => ingest.recorder.resetConnection('all are silent for too long'),
} satisfies Record<string, (world: World, n: number) => void | Promise<void>>

/** One fault, some time after the one before. */
export interface Mishap {
  afterMs: number
  fault: keyof typeof FAULTS
  n: number
}

export const happen = async (world: World, { fault, n }: Mishap): Promise<void> => await FAULTS[fault](world, n)

const names = Object.keys(FAULTS) as Mishap['fault'][]

export const mishaps = (): fc.Arbitrary<Mishap[]> =>
  fc.array(
    fc.record({
      afterMs: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 3_000, max: 40_000 })),
      fault: fc.constantFrom(...names),
      n: fc.nat(1_000),
    }),
    { minLength: 1, maxLength: 16 },
  )
