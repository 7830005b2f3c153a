/** The element of the page that has this id. Throws where the page has none: index.html and the modules belong together. */
export function byId<Kind extends Element = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no #${id}`)
  return found as unknown as Kind
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/** A new element. Texts are never read as HTML. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : String(value))
  made.append(...children)
  return made
}

/** Writes a text only where it differs: what stands is not laid out anew. */
export function write(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** At most one run a frame, and none while the page is not seen. */
export function eachFrame(draw: () => void): () => void {
  let isAsked = false
  return () => {
    if (isAsked) return
    isAsked = true
    requestAnimationFrame(() => {
      isAsked = false
      draw()
    })
  }
}
