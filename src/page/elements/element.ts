type Attribute = string | number | boolean | undefined | ((event: never) => void)
export type Child = Node | string | number | undefined | false | null

/**
 * Creates an element. Text is never parsed as markup.
 *
 * @param attributes functions such as `onclick` are listeners; true sets an empty value; false and undefined set none
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value))
  }
  append(element, children)
  return element
}

function append(parent: Element, children: Child[]): void {
  for (const child of children) {
    if (child === undefined || child === false || child === null) continue
    parent.append(child instanceof Node ? child : String(child))
  }
}

/** Returns the element with this id. @throws {Error} if it is missing or of another kind */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`element #${id} not found`)
  return element
}
