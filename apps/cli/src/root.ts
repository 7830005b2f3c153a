import { dirname } from 'node:path'

/** The installation: its `.env` and its default folders are here, wherever the command is called from. */
export const ROOT = dirname(dirname(dirname(import.meta.dirname)))
