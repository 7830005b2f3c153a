/** The table of rooms: what each may import of the others. docs/architecture/rooms.md shows it to people; a check holds the two together. */
export const ROOMS: Record<string, readonly string[]> = {
  'libs/model': [],
  'libs/service': ['model'],
  'libs/calendar': ['model'],
  'libs/storage': ['model'],
  'libs/bus': ['model'],
  'libs/tape': ['model', 'storage', 'bus'],
  'libs/writer': ['model', 'storage', 'bus', 'service'],
  'libs/studies': ['model', 'calendar'],
  'libs/gateway-sim': [],
  'services/ingest': ['model', 'service', 'calendar', 'storage', 'bus', 'tape'],
  'services/writer-json': ['writer'],
  'services/writer-proto': ['writer'],
  'services/keeper': ['model', 'service', 'storage', 'bus'],
  'services/query-api': ['model', 'service', 'calendar', 'storage', 'bus', 'tape', 'studies'],
  'apps/cli': ['model', 'service', 'calendar', 'storage', 'bus', 'tape'],
}
