/** A number of the normal distribution (Box and Muller). */
export const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

export const hexDigits = (random, digits) =>
  Array.from({ length: digits }, () => ((random() * 16) | 0).toString(16)).join('')
