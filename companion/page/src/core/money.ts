/** Money: whole micro-units of a currency, from what people type and to what they read, never rounded. */

const MICRO = 1_000_000;

/** €1,250.00, −€3.50, €0.000271: all of it, with at least the decimals that the currency has. */
export function money(micros: number, currency: string): string {
  const whole = Math.trunc(Math.abs(micros) / MICRO);
  const part = String(Math.abs(micros) % MICRO).padStart(6, '0');
  const decimal = `${micros < 0 ? '-' : ''}${whole}.${part}` as `${number}`;
  return formatOf(currency).format(decimal).replace('-', '−');
}

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(currency: string): Intl.NumberFormat {
  let format = formats.get(currency);
  if (!format) {
    const usual = new Intl.NumberFormat('en-GB', { style: 'currency', currency }).resolvedOptions().minimumFractionDigits;
    format = new Intl.NumberFormat('en-GB', { style: 'currency', currency, minimumFractionDigits: usual ?? 2, maximumFractionDigits: 6 });
    formats.set(currency, format);
  }
  return format;
}

const PLAIN = /^(\d{1,9})(?:[.,](\d{1,6}))?$/;
const GROUPED = /^([1-9]\d{0,2}(?:([.,' ’\u00a0\u202f])\d{3})(?:\2\d{3})?)(?:(?!\2)[.,](\d{1,6}))?$/; // thousands by one mark, decimals by another

/** Whether it could be thousands or decimals, as 1,250 could. */
export const readsTwoWays = (text: string): boolean => /^[+−-]?[1-9]\d{0,2},\d{3}$/.test(text.trim());

/** Micro-units from 1250, 1250.50, 1250,50, 1,250.50 or 1.250,50, as a CSV file is read; null for what cannot be read, or in two ways. */
export function parseMoney(text: string): number | null {
  const said = text.trim();
  const minus = /^[−-]/.test(said);
  const bare = said.replace(/^[+−-]/, '');
  const plain = PLAIN.exec(bare);
  const grouped = GROUPED.exec(bare);
  if (readsTwoWays(said) || (!plain && !grouped)) return null;
  const whole = plain ? plain[1]! : grouped![1]!.replaceAll(grouped![2]!, '');
  const micros = Number(whole) * MICRO + Number(((plain ? plain[2] : grouped![3]) ?? '').padEnd(6, '0'));
  return minus ? -micros : micros;
}

/** 1250.00: as it is typed. */
export function typedMoney(micros: number): string {
  const part = String(Math.abs(micros) % MICRO).padStart(6, '0').replace(/0{1,4}$/, '');
  return `${micros < 0 ? '-' : ''}${Math.trunc(Math.abs(micros) / MICRO)}.${part}`;
}
