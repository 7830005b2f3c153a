/** Parts of an address that let somebody in: the path of a webhook, the password of a user. */
const SECRET_PATH = /^(https?:\/\/[^/]+\/).+$/
const PASSWORD = /(:\/\/[^/@:,]*:)[^@,]+@/g

/** The value of a setting as it may be printed and logged: nothing in it lets somebody in. */
export function shownSetting(name: string, value: string): string {
  if (name.includes('SECRET')) return value === '' ? '' : '…'
  return (name.endsWith('WEBHOOK_URL') ? value.replace(SECRET_PATH, '$1…') : value).replace(PASSWORD, '$1…@')
}
