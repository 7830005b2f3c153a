/** What an SGR code sets, as CSS. Those that the command line uses; others say nothing. */
const STYLES: Readonly<Record<string, string>> = {
  '1': 'font-weight:700',
  '2': 'opacity:.6',
  '31': 'color:#ff7b72',
  '32': 'color:#56d364',
  '33': 'color:#e3b341',
  '34': 'color:#79c0ff',
  '35': 'color:#d2a8ff',
  '36': 'color:#76e3ea',
  '90': 'color:#8b949e',
}
/** What a code ends: those that it undoes. */
const ENDS: Readonly<Record<string, RegExp>> = { '0': /./, '22': /^[12]$/, '39': /^(3[1-7]|90)$/ }
const CONTROL = /␛\[(\?[\d;]*[a-z]|[\d;]*[A-Za-ln-z])/g
const SGR = /␛\[([\d;]*)m/

/** A page that looks as a terminal does that was sent this, with ␛ for the escape character: lines with their colours; of a line that was written over, what stood last; longer ones go on below. */
export function terminalPage(sent: string, columns: number): string {
  const shown = sent
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .join('\n')
    .replace(CONTROL, '')
  const [first = '', ...parts] = shown.split(SGR)
  let set: string[] = []
  let html = escaped(first)
  for (let i = 0; i < parts.length; i += 2) {
    for (const code of (parts[i] || '0').split(';')) {
      set = set.filter((one) => !ENDS[code]?.test(one))
      if (STYLES[code]) set.push(code)
    }
    html += `<span style="${set.map((code) => STYLES[code]).join(';')}">${escaped(parts[i + 1] ?? '')}</span>`
  }
  const style = `body{margin:0;background:#0d1117}pre{margin:0;padding:18px 22px;width:${columns}ch;color:#e6edf3;font:13px/1.45 "DejaVu Sans Mono",monospace;white-space:pre-wrap;word-break:break-all}`
  return `<!doctype html><meta charset="utf-8"><style>${style}</style><pre>${html}</pre>`
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
