import { describe, expect, it } from '@jest/globals'
import { connectionTime, negotiate, parseGreeting } from '../../src/wire/handshake.ts'

describe('parseGreeting', () => {
  it.each([
    ['v100..193', { min: 100, max: 193, paced: false }],
    ['v157..178', { min: 157, max: 178, paced: false }],
    ['v187', { min: 187, max: 187, paced: false }],
    ['v100..225 +PACEAPI', { min: 100, max: 225, paced: true }],
    ['v187 +OTHER +PACEAPI', { min: 187, max: 187, paced: true }],
  ])('reads %s as known clients send it', (text, range) => {
    expect(parseGreeting(text)).toEqual(range)
  })

  it.each(['v100.200', '100..193', 'v', '', 'v100..', 'v1..2x'])('refuses %j', (text) => {
    expect(() => parseGreeting(text)).toThrow('not vMIN..MAX')
  })
})

describe('negotiate', () => {
  it('takes the newest version that both know', () => {
    expect(negotiate({ min: 100, max: 187 }, 193)).toBe(187)
    expect(negotiate({ min: 100, max: 225 }, 193)).toBe(193)
    expect(negotiate({ min: 100, max: 193 }, 180)).toBe(180)
  })

  it('refuses a client that is too old or too new', () => {
    expect(() => negotiate({ min: 100, max: 163 }, 193)).toThrow('this gateway 164..193')
    expect(() => negotiate({ min: 200, max: 225 }, 193)).toThrow('v200..225')
  })
})

it('writes the connection time as IB does', () => {
  expect(connectionTime(Date.UTC(2026, 3, 5, 23, 49, 26) * 1000)).toBe('20260405 23:49:26 UTC')
})
