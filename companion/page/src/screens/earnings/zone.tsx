/** Where the artist's days begin. */
import { put } from '../../core/api';
import { invalidate } from '../../core/load';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormEnd, SelectField, useForm } from '../../parts/field';

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const set = (zone: string) => put('/earnings/settings', { zone }).then(() => invalidate('/earnings'));
const words = (zone: string) => zone.replaceAll('_', ' ');

/** While nobody has said it, offer the browser's. */
export function ZoneNote({ zone }: { zone: string }) {
  if (zone !== 'UTC' || !here || here === 'UTC') return null;
  return (
    <div class="note">
      <p>{t('earnings.zone.offer', { zone: words(here) })}</p>
      <Button work={() => set(here)}>{t('earnings.zone.take', { zone: words(here) })}</Button>
    </div>
  );
}

export function ZoneDialog({ zone, onClose }: { zone: string; onClose: () => void }) {
  const all = [...new Set([zone, here, 'UTC', ...Intl.supportedValuesOf('timeZone')])].filter(Boolean).sort();
  const form = useForm({ zone }, async (values) => {
    await set(values['zone'] ?? zone);
    onClose();
  });
  return (
    <Dialog title={t('earnings.zone')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <SelectField label={t('earnings.zone.label')} hint={t('earnings.zone.hint')} options={all.map((one) => [one, words(one)] as const)} {...form.bind('zone')} />
        <FormEnd form={form} yes={t('do.save')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
