/** Codes with which a WebSocket is closed. Those from 4000 to 4004 have been in use since version 2; 4002 and 4003 are never sent any more. */
export const CLOSE_CODES = {
  goingAway: { code: 1001, doc: 'The service is stopping; each subscription was told where to go on.' },
  unsupported: { code: 1003, doc: 'A binary message: everything here is JSON as text.' },
  policy: { code: 1008, doc: 'Ended by an administrator.' },
  tooBig: { code: 1009, doc: 'A message of more than 64 KiB.' },
  internal: { code: 1011, doc: 'A failure of ib-stream; the log of query-api has it.' },
  invalidMessages: { code: 4000, doc: 'Twenty messages in a row that cannot be read.' },
  authentication: { code: 4001, doc: 'The API key was taken back.' },
  rateLimit: { code: 4004, doc: 'More than 100 messages in a second.' },
  slowConsumer: { code: 4005, doc: 'Read too slowly; each subscription was told where to go on.' },
} as const
export type CloseReason = keyof typeof CLOSE_CODES
