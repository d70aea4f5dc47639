import { createHash } from 'node:crypto'
import type { Graph } from '../../src/graph/graph.ts'
import { builderOf } from '../graph/graphs.ts'

export const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** A checkout, counted by hand: 2 traces over 60 s, one failed payment of 3, one slow root of 2. */
export const checkout = (): Graph =>
  builderOf(
    [
      [
        { id: 1, service: 'shop', name: 'POST /checkout', durationMs: 90, tag: 'eu' },
        { id: 2, parent: 1, service: 'pay', name: 'charge', durationMs: 20, status: 'error' },
        { id: 3, parent: 1, service: 'pay', name: 'charge', durationMs: 30 },
        { id: 4, parent: 3, service: 'pay', name: 'charge', durationMs: 10 },
      ],
      [{ id: 1, service: 'shop', name: 'POST /checkout', durationMs: 10 }],
    ],
    { isTagNode: () => true },
  ).finish()

const [shop, pay, eu] = [md5('shop##POST /checkout'), md5('pay##charge'), md5('eu##service')]
/** The rows of `checkout` over 60 s. */
export const checkoutRows = {
  nodes: [
    {
      id: pay,
      title: 'pay',
      subTitle: 'charge',
      mainStat: 3,
      secondaryStat: 20,
      arc__failed: 0.333333,
      arc__slow: 0,
      arc__passed: 0.666667,
      detail__role: 'operation',
      detail__traffic: '3 calls, 0.05/s, 1 failed',
      detail__self_calls: '1',
      count: 3,
      failed: 1,
      slow: 0,
      meanMs: 20,
      perSec: 0.05,
      selfCalls: 1,
    },
    {
      id: shop,
      title: 'shop',
      subTitle: 'POST /checkout',
      mainStat: 2,
      secondaryStat: 50,
      arc__failed: 0,
      arc__slow: 0.5,
      arc__passed: 0.5,
      detail__role: 'operation',
      detail__traffic: '2 calls, 0.033/s',
      detail__self_calls: '0',
      count: 2,
      failed: 0,
      slow: 1,
      meanMs: 50,
      perSec: 0.033333,
      selfCalls: 0,
    },
    {
      id: eu,
      title: 'eu',
      subTitle: 'Service Node',
      mainStat: 1,
      secondaryStat: 90,
      arc__failed: 0,
      arc__slow: 1,
      arc__passed: 0,
      detail__role: 'tag',
      detail__traffic: '1 call, 0.017/s',
      detail__self_calls: '0',
      count: 1,
      failed: 0,
      slow: 1,
      meanMs: 90,
      perSec: 0.016667,
      selfCalls: 0,
    },
  ],
  edges: [
    {
      id: `${shop}_${pay}`,
      source: shop,
      target: pay,
      mainStat: 2,
      secondaryStat: 25,
      detail__traffic: '2 calls, 0.033/s, 1 failed',
      count: 2,
      failed: 1,
      slow: 0,
      meanMs: 25,
      perSec: 0.033333,
    },
    {
      id: `${eu}_${shop}`,
      source: eu,
      target: shop,
      mainStat: 1,
      secondaryStat: 90,
      detail__traffic: '1 call, 0.017/s',
      count: 1,
      failed: 0,
      slow: 1,
      meanMs: 90,
      perSec: 0.016667,
    },
  ],
}
