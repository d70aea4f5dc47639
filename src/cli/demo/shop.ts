import { external, http, publish, query, serve } from './calls.ts'
import { type Random, seededRandom } from './random.ts'
import { type ShopSpan, TraceRecorder } from './trace-recorder.ts'

export interface ShopTraces {
  /** Equal seeds and times give equal spans. */
  seed: number
  traces: number
  /** Traces start evenly spread in [fromMs, toMs), Unix ms. Each takes at most a few seconds. */
  fromMs: number
  toMs: number
}

/**
 * Simulates traces of a small shop: ten services, two databases, a queue, an external payment provider. Some payments are
 * declined or retried, recommendations are sometimes slow, and the catalog queries prices one by one on a cache miss.
 */
export function shopSpans({ seed, traces, fromMs, toMs }: ShopTraces): ShopSpan[] {
  const random = seededRandom(seed)
  const spans: ShopSpan[] = []
  for (let at = 0; at < traces; at++) {
    const startMs = fromMs + ((toMs - fromMs) * at) / traces
    for (const span of visit(random, startMs)) spans.push(span)
  }
  return spans
}

function visit(random: Random, startMs: number): ShopSpan[] {
  const trace = new TraceRecorder(random, startMs)
  const kind = random()
  if (kind < 0.5) browse(trace)
  else if (kind < 0.8) addToCart(trace)
  else checkOut(trace)
  return trace.spans
}

function browse(trace: TraceRecorder): void {
  serve(trace, 'web', 'GET /', '/', () => {
    http(trace, { from: 'web', to: 'gateway', endpoint: 'GET /api/products' }, () => {
      http(trace, { from: 'gateway', to: 'catalog', endpoint: 'GET /products' }, () => listProducts(trace))
      http(trace, { from: 'gateway', to: 'recommendations', endpoint: 'GET /recommendations' }, (span) => {
        query(trace, 'recommendations', 'redis', 'GET recommendations', 0.6)
        // In rare cases the model must be loaded first, which is slow.
        trace.spend(trace.chance(0.08) ? 400 : 4)
        if (trace.chance(0.03)) span.error = 'no model loaded'
      })
    })
  })
}

function listProducts(trace: TraceRecorder): void {
  query(trace, 'catalog', 'redis', 'GET products', 0.5)
  if (!trace.chance(0.3)) return
  query(trace, 'catalog', 'postgresql', 'SELECT products', 9)
  // N+1: a query for the price of every product.
  for (let product = 0; product < 12; product++) query(trace, 'catalog', 'postgresql', 'SELECT prices', 1.8)
}

function addToCart(trace: TraceRecorder): void {
  serve(trace, 'web', 'POST /cart', '/cart', (page) => {
    const added = http(trace, { from: 'web', to: 'gateway', endpoint: 'POST /api/cart/items' }, (gateway) => {
      const cart = http(trace, { from: 'gateway', to: 'cart', endpoint: 'POST /items' }, (span) => {
        const stock = http(trace, { from: 'cart', to: 'inventory', endpoint: 'GET /stock' }, (inventory) => {
          query(trace, 'inventory', 'postgresql', 'SELECT stock', 3)
          if (trace.chance(0.02)) inventory.error = 'connection pool is exhausted'
        })
        if (stock.error === undefined) query(trace, 'cart', 'redis', 'HSET cart', 0.7)
        span.error = stock.error
      })
      gateway.error = cart.error
    })
    page.error = added.error
  })
}

function checkOut(trace: TraceRecorder): void {
  serve(trace, 'web', 'POST /checkout', '/checkout', (page) => {
    const ordered = http(trace, { from: 'web', to: 'gateway', endpoint: 'POST /api/orders' }, (gateway) => {
      const order = http(trace, { from: 'gateway', to: 'checkout', endpoint: 'POST /orders' }, (span) => {
        http(trace, { from: 'checkout', to: 'cart', endpoint: 'GET /cart' }, () => {
          query(trace, 'cart', 'redis', 'HGETALL cart', 0.8)
        })
        http(trace, { from: 'checkout', to: 'inventory', endpoint: 'POST /reservations' }, () => {
          query(trace, 'inventory', 'postgresql', 'UPDATE stock', 5)
        })
        const shipping = http(trace, { from: 'checkout', to: 'shipping', endpoint: 'POST /quotes' }, () => {
          trace.spend(14)
        })
        span.error = shipping.error ?? pay(trace)
        if (span.error === undefined) confirm(trace)
      })
      gateway.error = order.error
    })
    page.error = ordered.error
  })
}

/** Charges a card. The provider sometimes fails and gets up to three attempts; some cards are declined. */
function pay(trace: TraceRecorder): string | undefined {
  const charge = http(trace, { from: 'checkout', to: 'payments', endpoint: 'POST /charges' }, (span) => {
    query(trace, 'payments', 'postgresql', 'INSERT charges', 2.5)
    let failure: string | undefined
    for (let attempt = 1; attempt <= 3; attempt++) {
      failure = trace.chance(0.15) ? 'the provider answered 503' : undefined
      external(trace, 'payments', 'api.payments.example', 'POST /v1/charges', 120, failure)
      if (failure === undefined) break
      trace.spend(50)
    }
    span.error = failure ?? (trace.chance(0.05) ? 'card declined' : undefined)
  })
  return charge.error
}

function confirm(trace: TraceRecorder): void {
  query(trace, 'checkout', 'postgresql', 'INSERT orders', 4)
  publish(trace, { from: 'checkout', to: 'email-worker', queue: 'orders' }, () => {
    trace.spend(5)
    external(trace, 'email-worker', 'smtp.mail.example', 'POST /messages', 60)
  })
}
