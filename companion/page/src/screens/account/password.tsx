/** The password: changing it, or setting one. */
import { useState } from 'preact/hooks';
import { put } from '../../core/api';
import { user } from '../../core/session';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { FormProblem, PasswordField, useForm } from '../../parts/field';
import { say } from '../../parts/toast';
import { Part, renew } from './part';

export function Password({ has }: { has: boolean }) {
  const [open, setOpen] = useState(false);
  const form = useForm({ old: '', new: '' }, async (values) => {
    await put('/account/password', values);
    setOpen(false);
    renew();
    say(t('security.password.done'));
  });
  return (
    <Part
      icon="key"
      title={t('sign.password')}
      state={t(has ? 'security.password.set' : 'security.password.none')}
      action={<Button onClick={() => setOpen(!open)} aria-expanded={open}>{t(has ? 'security.password.change' : 'security.password.add')}</Button>}
    >
      {open && (
        <form class="form" noValidate onSubmit={form.submit}>
          <input type="text" autocomplete="username" value={user.get()?.email} hidden readOnly />
          {has && <PasswordField label={t('security.password.old')} autocomplete="current-password" required {...form.bind('old')} />}
          <PasswordField label={t('reset.new')} hint={t('sign.password.hint')} autocomplete="new-password" required minLength={8} {...form.bind('new')} />
          <FormProblem problem={form.problem} />
          <div class="actions">
            <Button kind="primary" type="submit" aria-busy={form.busy}>
              {t('security.password.do')}
            </Button>
            <span class="small faint">{t('security.password.others')}</span>
          </div>
        </form>
      )}
    </Part>
  );
}
