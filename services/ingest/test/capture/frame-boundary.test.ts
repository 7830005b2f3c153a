import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FrameBoundary } from '../../src/capture/frame-boundary.ts'
import { frame } from '../gateway-proxy.ts'

it('property: finds the last end of a frame in each chunk, wherever the chunks are cut', () => {
  const frames = fc.array(fc.array(fc.string({ maxLength: 40 }), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
  fc.assert(
    fc.property(frames, sizes, (drawn, chunkBytes) => {
      const all = drawn.map((fields) => frame(...fields))
      const ends = new Set<number>()
      all.reduce((at, { length }) => {
        ends.add(at + length)
        return at + length
      }, 0)
      const stream = Buffer.concat(all)
      const boundary = new FrameBoundary()
      for (let at = 0, i = 0; at < stream.length; i++) {
        const chunk = stream.subarray(at, at + (chunkBytes[i % chunkBytes.length] ?? 1))
        const inside = [...ends].filter((end) => end > at && end <= at + chunk.length)
        expect(boundary.push(chunk)).toBe(inside.length === 0 ? undefined : Math.max(...inside) - at)
        at += chunk.length
      }
    }),
  )
})
