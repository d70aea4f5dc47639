import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Output, Terminal } from '../../src/cli/terminal.ts'

/** An output that keeps what is written, and tells who waits for a text when it has come. */
class WrittenOutput implements Output {
  text = ''
  isTTY?: boolean
  columns?: number
  private readonly waiting: { text: string; found: () => void }[] = []

  constructor(terminal?: { columns: number }) {
    if (terminal !== undefined) Object.assign(this, { isTTY: true, ...terminal })
  }

  write(text: string): void {
    this.text += text
    for (const { text: awaited, found } of this.waiting) if (this.text.includes(awaited)) found()
  }

  /** Resolves as soon as `text` has been written. */
  async shows(text: string): Promise<void> {
    if (!this.text.includes(text)) await new Promise<void>((found) => this.waiting.push({ text, found }))
  }

  get lines(): string[] {
    return this.text.replace(/\n$/, '').split('\n')
  }
}

/** A terminal in an empty folder. */
export function terminal(parts: Partial<Omit<Terminal, 'stdout' | 'stderr'>> & { columns?: number } = {}) {
  const { columns, ...rest } = parts
  const on = columns === undefined ? undefined : { columns }
  return {
    env: {},
    directory: mkdtempSync(join(tmpdir(), 'tta-cli-')),
    signal: new AbortController().signal,
    ...rest,
    stdout: new WrittenOutput(on),
    stderr: new WrittenOutput(on),
  }
}
