import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'

const script = resolve('test/text/check.mjs')
const folder = mkdtempSync(join(tmpdir(), 'tta-text-'))
t.teardown(() => rmSync(folder, { recursive: true }))

/** What the checker prints about a file, less the name of the file and the last line. */
function printed(name: string, content: string): string[] {
  const path = join(folder, name)
  writeFileSync(path, content)
  const { stdout, status } = spawnSync(process.execPath, [script, path], { encoding: 'utf8' })
  const lines = stdout.trim().split('\n')
  t.equal(status, lines.length > 1 ? 1 : 0, 'the exit status says whether there are violations')
  return lines.slice(0, -1).map((line) => line.slice(path.length + 1))
}

t.test('the checker finds a violation of each rule', async (t) => {
  const long = Array.from({ length: 26 }, (_, index) => `Word${index}`).join(' ')
  const cases: [what: string, text: string, message: RegExp][] = [
    ['a banned word', 'The file is read anew.', /^1 "anew"/],
    ['a banned phrase', 'The error Is Told\nto the client.', /^1 "is told"/],
    ['a long sentence', `Short one. ${long}.`, /^1 26 words/],
    ['a long sentence in a list', `- short\n- ${long}`, /^2 26 words/],
    ['a long sentence in a table', `| a | b |\n|---|---|\n| a | ${long} |`, /^3 26 words/],
    ['a sentence that begins with Who', 'Who calls is unknown.', /^1 begins with "Who"/],
    ['a sentence that begins with What', 'It ends. What is left stays.', /^1 begins with "What"/],
  ]
  for (const [what, text, message] of cases) {
    const [first = '', ...more] = printed('page.md', text)
    t.match(first, message, what)
    t.same(more, [], `${what}, once`)
  }
})

t.test('the checker leaves alone what is no sentence of ours', async (t) => {
  const limit = Array.from({ length: 25 }, (_, index) => `word${index}`).join(' ')
  t.same(printed('page.md', `${limit}.`), [], '25 words')
  t.same(printed('page.md', 'Who may call? Callers with a token.'), [], 'a question')
  t.same(printed('page.md', '```sh\nread anew\n```\n\n`anew` [a page](anew.md)'), [], 'code and links')
  t.same(printed('code.ts', `import { x } from './anew at hand.ts'\nconst anew = x`), [], 'names in code')
  t.same(printed('code.ts', `const sql = 'SELECT anew FROM a beside b'`), [], 'SQL')
})

t.test('the checker reads every language of the project', async (t) => {
  const cases: [what: string, name: string, content: string][] = [
    ['a line comment', 'code.ts', '// Reads it\n// anew.\nlet a = 1'],
    ['a block comment', 'code.ts', '/** Reads it\n * anew. */\nlet a = 1'],
    ['a tag of a docstring', 'code.ts', '/**\n * Reads.\n * @param path read anew\n */\nlet a = 1'],
    ['a message', 'code.ts', `throw new Error('The file is read anew')`],
    ['a template', 'code.ts', 'say(`The $' + '{name} of it is read anew`)'],
    ['a comment behind a template', 'code.ts', 'say(`a $' + '{b} c`) // read anew'],
    ['text of a page', 'page.html', '<p>\nIt is read anew</p>'],
    ['a label of a page', 'page.html', '<b aria-label="It is read anew"></b>'],
    ['a description of the API', 'api.json', '{"a": [{"description": "It is read anew"}]}'],
    ['a comment of YAML', 'file.yml', 'a: 1\n# It is read\n# anew\n'],
  ]
  for (const [what, name, content] of cases) {
    const lines = printed(name, content)
    t.equal(lines.length, 1, what)
    t.match(lines[0], /"anew"/)
  }
})
