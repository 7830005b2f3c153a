/** Where WebSockets are taken. */
export const WS_PATH = '/v3/ws/stream'
