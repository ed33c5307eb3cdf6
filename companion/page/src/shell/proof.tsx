/** Some changes ask again who you are: one dialog, after which the change goes on. */
import { useState } from 'preact/hooks';
import { call, get, onProofNeeded } from '../core/api';
import { atom, useAtom } from '../core/atom';
import { t } from '../core/texts';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { FormProblem, PasswordField, TextField, useForm } from '../parts/field';

const asked = atom<((done: boolean) => void) | null>(null);
let code = false;

onProofNeeded(async () => {
  code = (await get<{ totp: boolean }>('/account/protection')).totp;
  return new Promise<boolean>((done) => asked.set(done));
});

export function Proof() {
  const done = useAtom(asked);
  return done ? <Ask done={done} /> : null;
}

function Ask({ done }: { done: (done: boolean) => void }) {
  const [gone, setGone] = useState(false);
  const close = (proved: boolean) => {
    if (gone) return;
    setGone(true);
    asked.set(null);
    done(proved);
  };
  const form = useForm({ password: '', code: '' }, async (values) => {
    await call('POST', '/session/proof', { body: values });
    close(true);
  });
  return (
    <Dialog title={t('proof.title')} onClose={() => close(false)}>
      <form class="form" noValidate onSubmit={form.submit}>
        <p class="soft">{t('proof.why')}</p>
        <PasswordField label={t('sign.password')} autocomplete="current-password" {...form.bind('password')} />
        {code && <TextField label={t('sign.code')} inputmode="numeric" autocomplete="one-time-code" {...form.bind('code')} />}
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={() => close(false)}>
            {t('do.cancel')}
          </Button>
          <Button kind="primary" type="submit" disabled={form.busy}>
            {t('proof.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
