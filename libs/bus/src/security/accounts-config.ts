import { BUS_PERMISSIONS, BUS_USERS, type BusUser, type Permissions, VIEWER } from './bus-users.ts'

/** How long a request may be answered on the asker's own inbox, by as many messages as it takes. What takes longer is answered elsewhere. */
const ANSWERED_WITHIN = '1h'

/**
 * The part of a nats-server's configuration that says who may do what: one account with the log, a user for each key, and the viewer for whoever comes without one.
 * @param keys public keys (`U…`)
 */
export function accountsConfig(keys: Record<BusUser, string>): string {
  const users = BUS_USERS.map((user) => userBlock(`nkey: ${keys[user]} # ${user}`, BUS_PERMISSIONS[user], { answers: true }))
  const viewer = userBlock('user: viewer, password: viewer', VIEWER, { answers: false })
  return [
    '# Who may do what on the bus of ib-stream. Written by "ib-stream credentials": your changes are lost.',
    'accounts {',
    '  IB_STREAM {',
    '    jetstream: enabled',
    '    users: [',
    ...users,
    viewer,
    '    ]',
    '  }',
    '}',
    'no_auth_user: viewer',
    '',
  ].join('\n')
}

/** What makes several servers one cluster that nobody else can join: its members alone know the secret. */
export function clusterConfig(hosts: readonly string[], secret: string): string {
  return [
    'cluster {',
    '  name: ib-stream',
    '  listen: "0.0.0.0:6222"',
    `  authorization { user: server, password: ${JSON.stringify(secret)} }`,
    `  routes: [ ${hosts.map((host) => JSON.stringify(`nats://server:${secret}@${host}:6222`)).join(', ')} ]`,
    '}',
    '',
  ].join('\n')
}

function userBlock(who: string, { publish, subscribe }: Permissions, { answers }: { answers: boolean }): string {
  const list = (subjects: readonly string[]) => [...new Set(subjects)].map((subject) => `            ${JSON.stringify(subject)}`).join('\n')
  const mayPublish = publish.length > 0 ? `allow: [\n${list(publish)}\n          ]` : 'deny: [">"]'
  return [
    `      {\n        ${who}`,
    '        permissions {',
    `          publish { ${mayPublish} }`,
    `          subscribe { allow: [\n${list(subscribe)}\n          ] }`,
    ...(answers ? [`          allow_responses { max: -1, expires: "${ANSWERED_WITHIN}" }`] : []),
    '        }\n      }',
  ].join('\n')
}
