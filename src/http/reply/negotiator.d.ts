/** The part of the API of negotiator that tta uses. */
declare module 'negotiator' {
  export default class Negotiator {
    constructor(request: { headers: Record<string, string | string[] | undefined> })
    /** Returns the accepted items of `available`, the preferred one first. */
    mediaTypes(available: string[]): string[]
    /** Returns the preferred item of `available`. */
    encoding(available: string[]): string | undefined
  }
}
