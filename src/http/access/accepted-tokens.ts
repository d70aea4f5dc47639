import { createHash, timingSafeEqual } from 'node:crypto'
import type { AccessToken } from '../../config/rules/access-tokens.ts'

/** The tokens that are taken at the moment. A reload of the configuration replaces them. */
export class AcceptedTokens {
  private entries: { token: AccessToken; hash: Buffer }[] = []

  private listener = () => {}

  constructor(tokens: readonly AccessToken[] = []) {
    this.replace(tokens)
  }

  replace(tokens: readonly AccessToken[]): void {
    this.entries = tokens.map((token) => ({ token, hash: Buffer.from(token.sha256, 'hex') }))
    this.listener()
  }

  /** @param listener called whenever others have taken their place */
  whenReplaced(listener: () => void): void {
    this.listener = listener
  }

  /** No token is configured: everybody may call. */
  get isOpen(): boolean {
    return this.entries.length === 0
  }

  /**
   * Whose token this is. Hashes are compared, each with every one and in constant time: how long it takes tells
   * nothing about any token.
   */
  find(presented: string): AccessToken | undefined {
    const hash = createHash('sha256').update(presented).digest()
    let found: AccessToken | undefined
    for (const entry of this.entries) if (timingSafeEqual(hash, entry.hash)) found = entry.token
    return found
  }
}
