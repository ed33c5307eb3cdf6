/** Money that came: what for, how much, when. */
import { useId } from 'preact/hooks';
import { ApiError, post } from '../../core/api';
import { remembered } from '../../core/atom';
import { releasesOf, SOURCES, type Card, type Entry } from '../../core/earnings';
import { invalidate } from '../../core/load';
import { money, parseMoney, readsTwoWays, typedMoney } from '../../core/money';
import { t, tOr } from '../../core/texts';
import { Dialog } from '../../parts/dialog';
import { FormEnd, SelectField, TextField, useForm } from '../../parts/field';
import { say } from '../../parts/toast';

const lastCurrency = remembered('currency', 'EUR');

/** What a form says of a field before the server is asked. */
const refuse = (field: string, error: string) => new ApiError({ status: 422, slug: 'invalid', detail: error, request: '', errors: [{ field, error }] });

interface EnterProps {
  cards: Card[];
  day: string; // today, where the artist is
  like?: Entry | undefined;
  onClose: () => void;
}

export function Enter({ cards, day, like, onClose }: EnterProps) {
  const id = useId();
  const releases = [...releasesOf(cards)];
  const first = {
    source: like?.source ?? 'gig',
    title: like?.title ?? '',
    amount: like ? typedMoney(like.amount) : '',
    currency: like?.currency ?? lastCurrency.get(),
    day: like?.day ?? day,
    release: like?.release ?? '',
    note: like?.note ?? '',
  };
  const form = useForm(first, async (values) => {
    const amount = parseMoney(values['amount'] ?? '');
    if (amount === null) throw refuse('amount', t(readsTwoWays(values['amount'] ?? '') ? 'earnings.amount.twoWays' : 'earnings.amount.wrong'));
    const currency = (values['currency'] ?? '').trim().toUpperCase();
    const made = await post<Entry>('/earnings/entries', { ...values, amount, currency });
    lastCurrency.set(currency);
    invalidate('/earnings');
    say(t('earnings.entered', { amount: money(made.amount, made.currency), title: made.title }));
    onClose();
  });
  const amount = parseMoney(form.values['amount'] ?? '');
  const currency = (form.values['currency'] ?? '').trim().toUpperCase();
  const understood = amount !== null && /^[A-Z]{3}$/.test(currency) && money(amount, currency);
  return (
    <Dialog title={t(like ? 'earnings.enter.anew' : 'earnings.enter.title')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <SelectField label={t('earnings.kind')} options={SOURCES.map((one) => [one, tOr(`source.${one}`, one)] as const)} {...form.bind('source')} />
        <TextField label={t('earnings.for')} required maxLength={120} autofocus placeholder={t(`earnings.for.${form.values['source'] === 'gig' ? 'gig' : 'other'}`)} {...form.bind('title')} />
        <div class="pair">
          <TextField label={t('earnings.amount')} required inputMode="decimal" autocomplete="off" maxLength={20} placeholder="250.00" hint={understood && t('earnings.amount.is', { amount: understood })} {...form.bind('amount')} />
          <TextField label={t('earnings.currency')} required autocapitalize="characters" autocomplete="off" spellcheck={false} minLength={3} maxLength={3} list={id} {...form.bind('currency')} />
        </div>
        <datalist id={id}>
          {['EUR', 'GBP', 'USD', 'CHF', 'JPY', 'SEK', 'NOK', 'DKK', 'PLN', 'CAD', 'AUD', 'BRL'].map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <TextField label={t('earnings.day')} type="date" required max={day} {...form.bind('day')} />
        {releases.length > 0 && <SelectField label={t('earnings.release')} options={[['', t('earnings.release.none')], ...releases]} {...form.bind('release')} />}
        <TextField label={t('earnings.note')} maxLength={500} {...form.bind('note')} />
        <FormEnd form={form} yes={t('earnings.enter.do')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
