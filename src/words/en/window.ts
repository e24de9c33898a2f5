/** The window's own labels and sentences. */
export const window = {
  workspace: {
    capture: 'Capture',
    endpoint: 'Endpoint',
    craft: 'Craft',
  },
}
