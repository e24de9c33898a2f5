/** A protocol within those around it. `packets` and `bytes` are those of frames that hold it there. */
export interface ProtocolNode { readonly name: string, readonly depth: number, readonly packets: number, readonly bytes: number }

/** How many frames hold which protocols, one within the other. A frame is counted at its innermost one; the others add up. */
export class ProtocolTree {
  private readonly names: string[] = ['']
  private readonly parents: number[] = [-1]
  private readonly children = new Map<string, number>()
  private readonly packets: number[] = [0]
  private readonly bytes: number[] = [0]

  /** The node of a protocol within another; 0 is the outermost, around every frame. */
  within(parent: number, name: string): number {
    const key = `${parent} ${name}`
    const known = this.children.get(key)
    if (known !== undefined) return known
    const node = this.names.length
    this.names.push(name)
    this.parents.push(parent)
    this.packets.push(0)
    this.bytes.push(0)
    this.children.set(key, node)
    return node
  }

  add(node: number, lengthBytes: number): void {
    this.packets[node]++
    this.bytes[node] += lengthBytes
  }

  /** Each protocol before those within it, in the order in which they were met. */
  nodes(): ProtocolNode[] {
    const packets = [...this.packets]
    const bytes = [...this.bytes]
    for (let node = this.names.length - 1; node > 0; node--) {
      packets[this.parents[node]] += packets[node]
      bytes[this.parents[node]] += bytes[node]
    }
    const found: ProtocolNode[] = []
    const visit = (parent: number, depth: number): void => {
      for (let node = parent + 1; node < this.names.length; node++) {
        if (this.parents[node] !== parent) continue
        found.push({ name: this.names[node], depth, packets: packets[node], bytes: bytes[node] })
        visit(node, depth + 1)
      }
    }
    visit(0, 0)
    return found
  }
}
