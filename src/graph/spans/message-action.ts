import { SpanKind } from './span-table.ts'

/** The part that a span has in the way of a message. */
export const MessageAction = {
  none: 0,
  /** Makes a message that another span sends. */
  create: 1,
  send: 2,
  receive: 3,
  process: 4,
  /** Acknowledges or rejects messages. It moves none. */
  settle: 5,
} as const

/**
 * Values of `messaging.operation.type`, of `messaging.operation` before version 1.27 of the conventions, and the usual
 * ones of `messaging.operation.name` (semantic-conventions docs/messaging/messaging-spans.md).
 */
const actions: Record<string, number> = {
  create: MessageAction.create,
  send: MessageAction.send,
  publish: MessageAction.send,
  produce: MessageAction.send,
  enqueue: MessageAction.send,
  receive: MessageAction.receive,
  poll: MessageAction.receive,
  pull: MessageAction.receive,
  fetch: MessageAction.receive,
  dequeue: MessageAction.receive,
  process: MessageAction.process,
  deliver: MessageAction.process,
  consume: MessageAction.process,
  settle: MessageAction.settle,
  ack: MessageAction.settle,
  nack: MessageAction.settle,
  commit: MessageAction.settle,
  complete: MessageAction.settle,
  abandon: MessageAction.settle,
  reject: MessageAction.settle,
  delete: MessageAction.settle,
}

/** Returns the action that an operation names, `none` for an unknown one. */
export const actionNamed = (operation: string): number =>
  actions[operation.toLowerCase()] ?? MessageAction.none

/**
 * Returns what a span does with messages.
 *
 * @param named the action that its operation names
 * @param isMessaging whether it names a destination or a messaging system
 */
export function actionOf(kind: number, named: number, isMessaging: boolean): number {
  switch (kind) {
    case SpanKind.producer:
      return named === MessageAction.create || named === MessageAction.settle ? named : MessageAction.send
    case SpanKind.consumer:
      return named === MessageAction.receive || named === MessageAction.settle ? named : MessageAction.process
    case SpanKind.client:
      if (!isMessaging) return MessageAction.none
      return named === MessageAction.none ? MessageAction.send : named
    default:
      return MessageAction.none
  }
}

/** Returns whether the action brings a message to a queue or topic. */
export const isSending = (action: number): boolean =>
  action === MessageAction.send || action === MessageAction.create
/** Returns whether the action takes a message from a queue or topic. */
export const isReceiving = (action: number): boolean =>
  action === MessageAction.receive || action === MessageAction.process
