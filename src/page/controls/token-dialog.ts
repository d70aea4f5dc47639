import { byId } from '../elements/element.ts'

/** Asks for an access token. @returns undefined when the dialog is left */
export function askForToken(why: string): Promise<string | undefined> {
  const dialog = byId('token-dialog', HTMLDialogElement)
  const input = byId('token', HTMLInputElement)
  byId('token-why', HTMLElement).textContent = why
  input.value = ''
  dialog.returnValue = ''
  // No submit button: Enter would press the first one.
  byId('token-cancel', HTMLButtonElement).onclick = () => dialog.close()
  dialog.showModal()
  return new Promise((resolve) => {
    const close = () =>
      resolve(dialog.returnValue === 'use' && input.value !== '' ? input.value.trim() : undefined)
    dialog.addEventListener('close', close, { once: true })
  })
}
