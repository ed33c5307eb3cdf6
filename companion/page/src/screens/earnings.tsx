/** Earnings: today, this month, this year; by month, kind and release; every entry. Currencies are never added up. */
import { useState } from 'preact/hooks';
import { BASE } from '../core/api';
import { releasesOf, type Card, type Cards, type Entry, type Year } from '../core/earnings';
import { useLoad } from '../core/load';
import { money } from '../core/money';
import { useQuery } from '../core/router';
import { t } from '../core/texts';
import { Button, LinkButton } from '../parts/button';
import { Segments } from '../parts/field';
import { Menu } from '../parts/menu';
import { Screen } from '../parts/screen';
import { Bones, Empty, Shown } from '../parts/state';
import { Entries } from './earnings/entries';
import { Enter } from './earnings/enter';
import { ImportCsv } from './earnings/importcsv';
import { Breakdown } from './earnings/breakdown';
import { ZoneDialog, ZoneNote } from './earnings/zone';

type Open = { kind: 'enter'; like?: Entry } | { kind: 'import' } | { kind: 'zone' };

export function Earnings() {
  const told = useLoad<Cards>('/earnings');
  const [wanted, setWanted] = useQuery('currency');
  const [year, setYear] = useQuery('year');
  const [adding, setAdding] = useQuery('new');
  const [open, setOpen] = useState<Open>();
  const sums = useLoad<Year>(`/earnings/sums${year && `?year=${year}`}`).data;
  const cards = told.data?.cards;
  const currency = cards?.find((one) => one.currency === wanted)?.currency ?? cards?.[0]?.currency ?? '';
  const close = () => {
    setOpen(undefined);
    setAdding('');
  };
  const enter = (
    <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: 'enter' })}>
      {t('earnings.enter')}
    </Button>
  );
  const bring = (
    <Button icon="upload" onClick={() => setOpen({ kind: 'import' })}>
      {t('earnings.import')}
    </Button>
  );
  const some = cards !== undefined && cards.length > 0;
  return (
    <Screen
      title={t('nav.earnings')}
      actions={
        some && (
          <>
            <span class="wide-only">{bring}</span>
            {enter}
            <Menu
              label={t('earnings.menu')}
              choices={[
                { label: t('earnings.import'), icon: 'upload', run: () => setOpen({ kind: 'import' }) },
                { label: t('earnings.export'), icon: 'download', run: () => location.assign(`${BASE}/earnings/export`) },
                { label: t('earnings.zone'), icon: 'clock', run: () => setOpen({ kind: 'zone' }) },
              ]}
            />
          </>
        )
      }
    >
      <Shown of={told} bones={<Bones widths={[100, 100, 60]} height={70} />}>
        {({ cards: all, zone, day }) =>
          all.length === 0 ? (
            <Empty
              title={t('earnings.none')}
              actions={
                <>
                  {enter}
                  {bring}
                </>
              }
            >
              <p>{t('earnings.none.text')}</p>
            </Empty>
          ) : (
            <>
              <ZoneNote zone={zone} />
              {all.length > 1 && (
                <div class="tools">
                  <Segments label={t('earnings.currency')} value={currency} options={all.map((one) => [one.currency, one.currency] as const)} onValue={(next) => setWanted(next)} />
                  <span class="small faint">{t('earnings.apart')}</span>
                </div>
              )}
              <Numbers card={all.find((one) => one.currency === currency)!} sums={sums} day={day} />
              <Breakdown sums={sums} currency={currency} onYear={(next) => setYear(next === Number(day.slice(0, 4)) ? '' : String(next))} />
              <Entries currency={all.length > 1 ? currency : ''} releases={releasesOf(all)} onAnew={(like) => setOpen({ kind: 'enter', like })} />
              <p class="small faint after">
                {t('earnings.zone.is', { zone: zone.replaceAll('_', ' ') })}{' '}
                <LinkButton kind="quiet" class="tiny" href={`${BASE}/earnings/export`} download>
                  {t('earnings.export')}
                </LinkButton>
              </p>
            </>
          )
        }
      </Shown>
      {told.data && (open?.kind === 'enter' || (adding && !open)) && <Enter cards={told.data.cards} day={told.data.day} like={open?.kind === 'enter' ? open.like : undefined} onClose={close} />}
      {open?.kind === 'import' && <ImportCsv onClose={close} />}
      {open?.kind === 'zone' && told.data && <ZoneDialog zone={told.data.zone} onClose={close} />}
    </Screen>
  );
}

/** What came today, this month, in the shown year, and in all. */
function Numbers({ card, sums, day }: { card: Card; sums: Year | undefined; day: string }) {
  const month = new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' }).format(Date.parse(day));
  const year = sums?.rows.filter((one) => one.currency === card.currency).reduce((sum, one) => sum + one.amount, 0);
  const rows: [string, number | undefined][] = [
    [t('earnings.today'), card.today],
    [month, card.month],
    [String(sums?.year ?? day.slice(0, 4)), year],
    [t('earnings.total'), card.total],
  ];
  return (
    <dl class="numbers sums">
      {rows.map(([name, amount]) => (
        <div key={name}>
          <dt class="small soft">{name}</dt>
          <dd class="figures">{amount === undefined ? '–' : money(amount, card.currency)}</dd>
        </div>
      ))}
    </dl>
  );
}
