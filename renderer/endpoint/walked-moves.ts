/** The moves in a snapshot's path, which alternates states and inputs: state, input, state, input, … state. */
export function walkedMoves(path: readonly number[]): { from: number, input: number, to: number }[] {
  const moves: { from: number, input: number, to: number }[] = []
  for (let i = 0; i + 2 < path.length; i += 2) moves.push({ from: path[i], input: path[i + 1], to: path[i + 2] })
  return moves
}
