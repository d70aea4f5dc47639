import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Sends so many requests a second, each at its time, whether or not those before have been answered.
 *
 * @returns how long each took until its answer had come, ms
 */
export async function steadyLoad(url, { perSec, forMs, headers = {} }) {
  const agent = new Agent({ keepAlive: true })
  const answers = []
  const startedAt = performance.now()
  for (let due = startedAt; due < startedAt + forMs; due += 1000 / perSec) {
    const waitMs = due - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    answers.push(answerTime(agent, url, headers, performance.now()))
  }
  const taken = await Promise.all(answers)
  agent.destroy()
  return taken
}

function answerTime(agent, url, headers, sentAt) {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      if (response.statusCode >= 400) reject(new Error(`${url} answered ${response.statusCode}`))
      response.on('data', () => {})
      response.on('error', reject)
      response.on('end', () => resolve(performance.now() - sentAt))
    }).on('error', reject)
  })
}
