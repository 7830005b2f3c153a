import { describe, expect, it } from '@jest/globals'
import { judgeManifests } from './manifests.ts'
import { CLOSED, encode, LISTED, MANIFEST, manifestLine, TICKS, wholeTree } from './planted-tree.ts'

const inClosed = TICKS.slice(0, 10)
const kinds = (tree: ReturnType<typeof wholeTree>) => judgeManifests(tree).faults.map(({ kind }) => kind)
const linesOf = (tree: ReturnType<typeof wholeTree>) => (tree.manifests.get(MANIFEST) ?? '').split('\n').slice(0, -1)
const setLines = (tree: ReturnType<typeof wholeTree>, lines: readonly string[]) => tree.manifests.set(MANIFEST, `${lines.join('\n')}\n`)

describe('manifests held to the files', () => {
  it('finds nothing wrong where every version fits', () => {
    expect(judgeManifests(wholeTree())).toEqual({ entries: 4, faults: [] })
  })

  it.each([
    ['a record that is lost in a closed file', inClosed.toSpliced(7, 1), ['lost']],
    ['one that is doubled', inClosed.toSpliced(7, 0, TICKS[7] as (typeof TICKS)[number]), ['changed', 'doubled']],
    ['two that changed places', inClosed.with(7, TICKS[8] as never).with(8, TICKS[7] as never), ['changed']],
    ['one that was changed', inClosed.with(7, { ...(TICKS[7] as (typeof TICKS)[number]), p: 999.75 }), ['changed']],
  ])('finds %s', (_, ticks, wanted) => {
    const tree = wholeTree()
    tree.files.set(CLOSED.json, encode.json(ticks))
    expect(new Set(kinds(tree))).toEqual(new Set(wanted))
  })

  it('finds a line that is lost, doubled behind a newer one, swapped, or changed', () => {
    const lost = wholeTree()
    setLines(lost, linesOf(lost).slice(0, 1))
    expect(kinds(lost)).toEqual(['doubled']) // the file holds more than is vouched for
    const all = wholeTree()
    all.manifests.set(MANIFEST, '')
    expect(kinds(all)).toEqual(['lost'])
    const doubled = wholeTree()
    setLines(doubled, [...linesOf(doubled), linesOf(doubled)[0] ?? ''])
    expect(kinds(doubled)).toContain('misordered')
    const swapped = wholeTree()
    setLines(swapped, linesOf(swapped).reverse())
    expect(kinds(swapped)).toContain('misordered')
    const changed = wholeTree()
    setLines(changed, [linesOf(changed)[0] ?? '', (linesOf(changed)[1] ?? '').replace('"count":10', '"count":11')])
    expect(kinds(changed)).toContain('changed')
  })

  it.each([
    ['count', { count: 11 }],
    ['firstTs', { firstTs: 1 }],
    ['lastTs', { lastTs: 1 }],
    ['lastSt', { lastSt: 1 }],
    ['sorted', { sorted: false }],
    ['lastSeq', { lastSeq: 11 }],
    ['firstSeq', { firstSeq: 2 }],
  ])('finds a %s that is wrong though the line’s own sum fits', (_, wrong) => {
    const tree = wholeTree()
    const line = manifestLine(CLOSED.json, encode.json(inClosed), inClosed, wrong).slice(0, -1)
    setLines(tree, [linesOf(tree)[0] ?? '', line])
    expect(new Set(kinds(tree))).toEqual(new Set(['changed']))
  })

  it('finds a listed file that is longer or shorter than its checkpoint says, and one that is gone', () => {
    const tree = wholeTree()
    const whole = encode.pb(TICKS.slice(10))
    tree.files.set(LISTED.pb, Buffer.concat([whole, encode.pb(TICKS.slice(39))]))
    expect(kinds(tree)).toEqual(['doubled'])
    tree.files.set(LISTED.pb, whole.subarray(0, whole.length - 3))
    expect(kinds(tree)).toEqual(['lost'])
    tree.files.delete(LISTED.pb)
    expect(kinds(tree)).toEqual(['lost'])
  })
})
