import { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'
import { isDefaultPort, isIp, isLoopback, systemOf } from './peer-ports.ts'

/** Names that brokers generate for temporary destinations: RabbitMQ, and NATS. */
const isGenerated = (name: string) => /^(?:amq\.(?:gen-|rabbitmq\.reply-to)|_INBOX\.)/.test(name)

/** Facts about texts that come again and again. Texts and results are indexes into the strings. */
export class HostFacts {
  private readonly strings: StringTable
  private readonly lower: number[] = []
  private readonly ips: boolean[] = []
  private readonly loopbacks: boolean[] = []
  private readonly generated: boolean[] = []
  private readonly systems: number[] = []
  private readonly defaults = new Map<string, boolean>()
  private readonly endpoints = new PairIndex()
  private readonly endpointTexts: number[] = []

  constructor(strings: StringTable) {
    this.strings = strings
  }

  isIp(text: number): boolean {
    this.ips[text] ??= isIp(this.strings.text(text))
    return this.ips[text]
  }

  isLoopback(text: number): boolean {
    this.loopbacks[text] ??= isLoopback(this.strings.text(text))
    return this.loopbacks[text]
  }

  isGenerated(text: number): boolean {
    this.generated[text] ??= isGenerated(this.strings.text(text))
    return this.generated[text]
  }

  /** Host names are compared without case (RFC 4343). */
  lowerCase(text: number): number {
    this.lower[text] ??= this.strings.internText(this.strings.text(text).toLowerCase())
    return this.lower[text]
  }

  system(text: number): number {
    this.systems[text] ??= this.strings.internText(systemOf(this.strings.text(text)))
    return this.systems[text]
  }

  /** An address of IPv6 is in brackets before a port (RFC 3986, section 3.2.2). */
  withPort(host: number, port: number): number {
    const pair = this.endpoints.indexOf(host, port)
    const { strings } = this
    const name = strings.text(host)
    this.endpointTexts[pair] ??= strings.internText(
      `${name.includes(':') ? `[${name}]` : name}:${strings.text(port)}`,
    )
    return this.endpointTexts[pair]
  }

  isDefaultPort(system: number, port: number): boolean {
    const key = `${system} ${port}`
    let found = this.defaults.get(key)
    if (found === undefined) {
      found = isDefaultPort(this.strings.text(system), this.strings.text(port))
      this.defaults.set(key, found)
    }
    return found
  }
}
