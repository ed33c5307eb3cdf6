/** A year: what each month brought, and from what. */
import type { ComponentChildren } from 'preact';
import { SOURCES, sumsBy, type Year } from '../../core/earnings';
import { money } from '../../core/money';
import { t, tOr } from '../../core/texts';
import { Chart } from '../../parts/chart';
import { Bones } from '../../parts/state';

const name = (style: 'short' | 'long') => {
  const format = new Intl.DateTimeFormat('en-GB', { month: style, timeZone: 'UTC' });
  return (month: number) => format.format(Date.UTC(2024, Math.round(month) - 1, 15));
};
const short = name('short');
const long = name('long');

/** Round numbers from what is least to what is most: at most six. */
function ticks(values: number[]): number[] {
  const low = Math.min(0, ...values);
  const high = Math.max(1, 0, ...values);
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  return Array.from({ length: Math.ceil(high / step) - first + 1 }, (_, n) => (first + n) * step);
}

export function Breakdown({ sums, currency, onYear }: { sums: Year | undefined; currency: string; onYear: (year: number) => void }) {
  if (!sums) return <Bones widths={[100]} height={180} />;
  const rows = sums.rows.filter((one) => one.currency === currency);
  const months = Array.from({ length: 12 }, (_, n) => rows.filter((one) => one.month === n + 1).reduce((sum, one) => sum + one.amount, 0));
  const best = months.indexOf(Math.max(...months)) + 1;
  const total = months.reduce((sum, one) => sum + one, 0);
  const kinds = sumsBy(rows, (one) => one.source);
  const releases = sumsBy(
    rows.filter((one) => one.release),
    (one) => one.title || one.release,
  );
  const compact = new Intl.NumberFormat('en-GB', { notation: 'compact' });
  return (
    <section class="below">
      <div class="tools">
        <h2>{t('earnings.year')}</h2>
        <span class="gap" />
        <select class="input fit" aria-label={t('earnings.year.choose')} value={String(sums.year)} onChange={(event) => onYear(Number(event.currentTarget.value))}>
          {[...new Set([sums.year, ...sums.years])].sort((a, b) => b - a).map((one) => (
            <option key={one} value={String(one)}>
              {one}
            </option>
          ))}
        </select>
      </div>
      {rows.length === 0 ? (
        <p class="soft">{t('earnings.year.none', { year: String(sums.year), currency })}</p>
      ) : (
        <div class="year">
          <Chart
            title={t('earnings.chart', { currency })}
            says={t('earnings.chart.says', { total: money(total, currency), month: long(best), best: money(months[best - 1]!, currency) })}
            points={months.map((one, n) => [n + 1, one / 1e6] as const)}
            x={short}
            y={(value) => compact.format(value)}
            exact={(value) => money(Math.round(value * 1e6), currency)}
            xTicks={[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}
            yTicks={ticks(months.map((one) => one / 1e6))}
            bars={months.every((one) => one >= 0)}
            xName={t('earnings.month')}
            yName={currency}
            height={180}
          />
          <div class="stack">
            <Shares title={t('earnings.kinds')} rows={kinds.map((one) => ({ ...one, name: tOr(`source.${one.name}`, one.name) }))} currency={currency} />
            {releases.length > 0 && <Shares title={t('earnings.releases')} rows={releases} currency={currency} />}
          </div>
        </div>
      )}
    </section>
  );
}

/** Amounts by name, each with a bar that compares it with the largest. */
function Shares({ title, rows, currency }: { title: ComponentChildren; rows: { name: string; amount: number; count: number }[]; currency: string }) {
  const most = Math.max(1, ...rows.map((one) => one.amount));
  return (
    <section>
      <h3>{title}</h3>
      <ul class="shares">
        {rows.slice(0, Math.max(8, SOURCES.length)).map((one) => (
          <li key={one.name}>
            <span class="cut">{one.name}</span>
            <span class="figures end">{money(one.amount, currency)}</span>
            <i class="share" style={{ width: `${(100 * Math.max(0, one.amount)) / most}%` }} />
          </li>
        ))}
      </ul>
    </section>
  );
}
