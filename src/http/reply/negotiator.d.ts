/** The part of negotiator's API that is used here. */
declare module 'negotiator' {
  export default class Negotiator {
    constructor(request: { headers: Record<string, string | string[] | undefined> })
    /** Those of `available` that are accepted, the best first. */
    mediaTypes(available: string[]): string[]
    /** That of `available` which is accepted best. */
    encoding(available: string[]): string | undefined
  }
}
