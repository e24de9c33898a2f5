/**
 * Deadlines of many owners, earliest first: a binary heap over typed arrays that knows where each id stands, so that
 * moving or removing one costs O(log n). Equal times come out in the order they were set. Nothing is allocated once the arrays have grown.
 *
 * An id is a small non-negative integer (an index into the owner's table); memory is proportional to the largest one.
 */
export class DeadlineQueue {
  #times: Float64Array
  #orders: Float64Array
  #ids: Int32Array
  /** Heap position of each id, plus one; 0: not queued. */
  #positions: Int32Array
  #count = 0
  #nextOrder = 0

  constructor(capacity = 64) {
    this.#times = new Float64Array(capacity)
    this.#orders = new Float64Array(capacity)
    this.#ids = new Int32Array(capacity)
    this.#positions = new Int32Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  /** Queues an id, or moves it. Setting the time it already has changes nothing. */
  set(id: number, timeUs: number): void {
    if (id >= this.#positions.length) this.#growPositions(id + 1)
    let position = this.#positions[id] - 1
    if (position < 0) {
      if (this.#count === this.#ids.length) this.#growHeap()
      position = this.#count++
    } else if (this.#times[position] === timeUs) {
      return
    }
    const order = this.#nextOrder++
    this.#place(position, id, timeUs, order)
    if (!this.#siftUp(position)) this.#siftDown(position)
  }

  /** @returns whether the id was queued */
  delete(id: number): boolean {
    const position = this.has(id) ? this.#positions[id] - 1 : -1
    if (position < 0) return false
    this.#positions[id] = 0
    const last = --this.#count
    if (position === last) return true
    this.#place(position, this.#ids[last], this.#times[last], this.#orders[last])
    if (!this.#siftUp(position)) this.#siftDown(position)
    return true
  }

  has(id: number): boolean {
    return id < this.#positions.length && this.#positions[id] > 0
  }

  /** The time of an id; Infinity when it is not queued. */
  timeOf(id: number): number {
    return this.has(id) ? this.#times[this.#positions[id] - 1] : Infinity
  }

  /** The earliest time; Infinity when empty. */
  peekTime(): number {
    return this.#count > 0 ? this.#times[0] : Infinity
  }

  /** The id with the earliest time; -1 when empty. */
  peekId(): number {
    return this.#count > 0 ? this.#ids[0] : -1
  }

  /** Removes and returns the earliest id whose time is at or before `nowUs`; -1 when there is none. */
  popDue(nowUs: number): number {
    if (this.#count === 0 || this.#times[0] > nowUs) return -1
    const id = this.#ids[0]
    this.delete(id)
    return id
  }

  /** Removes and returns the earliest id; -1 when empty. */
  pop(): number {
    return this.popDue(Infinity)
  }

  clear(): void {
    for (let i = 0; i < this.#count; i++) this.#positions[this.#ids[i]] = 0
    this.#count = 0
  }

  #place(position: number, id: number, time: number, order: number): void {
    this.#ids[position] = id
    this.#times[position] = time
    this.#orders[position] = order
    this.#positions[id] = position + 1
  }

  #isBefore(time: number, order: number, position: number): boolean {
    return time < this.#times[position] || (time === this.#times[position] && order < this.#orders[position])
  }

  #siftUp(from: number): boolean {
    const id = this.#ids[from]
    const time = this.#times[from]
    const order = this.#orders[from]
    let position = from
    while (position > 0) {
      const parent = (position - 1) >> 1
      if (!this.#isBefore(time, order, parent)) break
      this.#place(position, this.#ids[parent], this.#times[parent], this.#orders[parent])
      position = parent
    }
    if (position === from) return false
    this.#place(position, id, time, order)
    return true
  }

  #siftDown(from: number): void {
    const id = this.#ids[from]
    const time = this.#times[from]
    const order = this.#orders[from]
    let position = from
    for (;;) {
      let child = 2 * position + 1
      if (child >= this.#count) break
      if (child + 1 < this.#count && this.#isBefore(this.#times[child + 1], this.#orders[child + 1], child)) child++
      if (this.#isBefore(time, order, child)) break
      this.#place(position, this.#ids[child], this.#times[child], this.#orders[child])
      position = child
    }
    this.#place(position, id, time, order)
  }

  #growHeap(): void {
    const capacity = Math.max(16, this.#ids.length * 2)
    const times = new Float64Array(capacity)
    const orders = new Float64Array(capacity)
    const ids = new Int32Array(capacity)
    times.set(this.#times)
    orders.set(this.#orders)
    ids.set(this.#ids)
    this.#times = times
    this.#orders = orders
    this.#ids = ids
  }

  #growPositions(need: number): void {
    const positions = new Int32Array(Math.max(need, this.#positions.length * 2))
    positions.set(this.#positions)
    this.#positions = positions
  }
}
