import { expect, test } from '@jest/globals'
import { type Waiter, WaitingRoom } from '../src/waiting-room.ts'

/** Says where it goes on, and leaves. */
class Sleeper implements Waiter {
  readonly subjects: ReadonlySet<string>
  readonly woken: number[] = []
  readonly #room: WaitingRoom

  constructor(room: WaitingRoom, ...subjects: string[]) {
    this.subjects = new Set(subjects)
    this.#room = room
    room.enter(this)
  }

  wake(index: number): void {
    this.woken.push(index)
    this.#room.leave(this)
  }
}

test('an item wakes each that it concerns, once, and nobody else', () => {
  const room = new WaitingRoom()
  const [one, both, other] = [new Sleeper(room, 'a'), new Sleeper(room, 'a', 'b'), new Sleeper(room, 'b')]
  room.wake('a', 7)
  expect([one, both, other].map(({ woken }) => woken)).toEqual([[7], [7], []])
  room.wake('a', 8)
  room.wake('b', 9)
  expect([one, both, other].map(({ woken }) => woken)).toEqual([[7], [7], [9]])
})

test('all are woken once, whatever they wait for, also those that come back at once', () => {
  const room = new WaitingRoom()
  const sleepers = [new Sleeper(room, 'a', 'b'), new Sleeper(room, 'c')]
  room.wakeAll(3)
  expect(sleepers.map(({ woken }) => woken)).toEqual([[3], [3]])
  room.enter(sleepers[0] as Sleeper)
  room.wakeAll(4)
  expect(sleepers.map(({ woken }) => woken)).toEqual([[3, 4], [3]])
})
