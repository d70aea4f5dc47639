import { byId } from '../elements/element.ts'

/** Asks for an access token. @returns undefined if the dialog is cancelled */
export function askForToken(why: string): Promise<string | undefined> {
  const dialog = byId('token-dialog', HTMLDialogElement)
  const input = byId('token', HTMLInputElement)
  byId('token-why', HTMLElement).textContent = why
  input.value = ''
  dialog.returnValue = ''
  // Cancel is not a submit button, because Enter presses the first submit button of a form.
  byId('token-cancel', HTMLButtonElement).onclick = () => dialog.close()
  dialog.showModal()
  return new Promise((resolve) => {
    const close = () =>
      resolve(dialog.returnValue === 'use' && input.value !== '' ? input.value.trim() : undefined)
    dialog.addEventListener('close', close, { once: true })
  })
}
