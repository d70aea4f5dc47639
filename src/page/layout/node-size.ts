/** Size of a node, px at zoom 1. */
export const nodeWidth = 172
export const nodeHeight = 48
