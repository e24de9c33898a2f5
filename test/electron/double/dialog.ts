/** Nobody sits before a test: dialogs are answered by what a test puts in their place, and otherwise closed. */
export const dialog = {
  async showOpenDialog(): Promise<{ canceled: boolean, filePaths: string[] }> { return { canceled: true, filePaths: [] } },
  async showSaveDialog(): Promise<{ canceled: boolean, filePath: string }> { return { canceled: true, filePath: '' } },
  async showMessageBox(): Promise<{ response: number, checkboxChecked: boolean }> { return { response: 0, checkboxChecked: false } },
  showErrorBox(title: string, content: string): void { console.error(`${title}: ${content}`) },
}
