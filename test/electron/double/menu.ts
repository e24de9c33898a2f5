type Click = (item: MenuItem, window: unknown, event: unknown) => void
interface Template {
  id?: string
  label?: string
  role?: string
  type?: string
  accelerator?: string
  enabled?: boolean
  visible?: boolean
  click?: Click
  submenu?: Template[] | Menu
}

const knownRoles = new Set(['undo', 'redo', 'cut', 'copy', 'paste', 'selectall', 'minimize', 'close', 'quit', 'hide', 'resetzoom', 'zoomin', 'zoomout', 'togglefullscreen', 'toggledevtools', 'about'])

export class MenuItem {
  readonly id: string | undefined
  readonly label: string
  readonly role: string | undefined
  readonly type: string
  readonly accelerator: string | undefined
  readonly submenu: Menu | undefined
  enabled: boolean
  visible: boolean
  private readonly onClick: Click | undefined

  constructor(template: Template) {
    // Electron refuses a role it does not know when the menu is built, so this does.
    if (template.role !== undefined && !knownRoles.has(template.role.toLowerCase())) throw new Error(`Invalid role for menu item: ${template.role}`)
    this.id = template.id
    this.label = template.label ?? template.role ?? ''
    this.role = template.role
    this.type = template.type ?? (template.submenu ? 'submenu' : 'normal')
    this.accelerator = template.accelerator
    this.submenu = Array.isArray(template.submenu) ? Menu.buildFromTemplate(template.submenu) : template.submenu
    this.enabled = template.enabled ?? true
    this.visible = template.visible ?? true
    this.onClick = template.click
  }

  click(): void {
    if (this.enabled) this.onClick?.(this, null, {})
  }
}

export class Menu {
  private static application: Menu | null = null
  readonly items: MenuItem[] = []

  static setApplicationMenu(menu: Menu | null): void { Menu.application = menu }
  static getApplicationMenu(): Menu | null { return Menu.application }

  static buildFromTemplate(template: Template[]): Menu {
    const menu = new Menu()
    for (const entry of template) menu.items.push(new MenuItem(entry))
    return menu
  }

  getMenuItemById(id: string): MenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id) ?? null
      if (found !== null) return found
    }
    return null
  }
}
