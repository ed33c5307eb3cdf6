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

/** Micro-units from 1250, 1250.50 or 1250,50; null for what could be read in two ways, as 1,250. */
export function parseMoney(text: string): number | null {
  const found = /^([+−-]?)(\d{1,9})(?:\.(\d{1,6})|,(\d{1,2}))?$/.exec(text.trim());
  if (!found) return null;
  const [, sign, whole = '0', point, comma] = found;
  const micros = Number(whole) * MICRO + Number((point ?? comma ?? '').padEnd(6, '0'));
  return sign && sign !== '+' ? -micros : micros;
}

/** 1250.00: as it is typed. */
export function typedMoney(micros: number): string {
  const part = String(Math.abs(micros) % MICRO).padStart(6, '0').replace(/0{1,4}$/, '');
  return `${micros < 0 ? '-' : ''}${Math.trunc(Math.abs(micros) / MICRO)}.${part}`;
}
