import { byId } from '../elements/element.ts'

const themes = ['auto', 'dark', 'light'] as const
type Theme = (typeof themes)[number]
const key = 'tta.theme'

/** Sets up the button that switches between system, dark and light colours. */
export function setUpThemeButton(onChange: () => void): void {
  const button = byId('theme', HTMLButtonElement)
  let theme = themes.find((one) => one === localStorage.getItem(key)) ?? 'auto'
  const apply = () => {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    const names: Record<Theme, string> = { auto: 'system', dark: 'dark', light: 'light' }
    button.setAttribute('aria-label', `Colours: ${names[theme]}`)
    button.title = `Colours: ${names[theme]}`
    button.textContent = { auto: '◐', dark: '●', light: '○' }[theme]
    onChange()
  }
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
    localStorage.setItem(key, theme)
    apply()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange)
  apply()
}
