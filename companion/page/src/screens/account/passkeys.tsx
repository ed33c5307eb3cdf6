/** Passkeys: adding, naming, removing. */
import { useState } from 'preact/hooks';
import { patch, remove } from '../../core/api';
import { ago, date } from '../../core/format';
import { useLoad } from '../../core/load';
import { addPasskey } from '../../core/passkeys';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormProblem, TextField, useForm } from '../../parts/field';
import { Part, renew } from './part';

interface Passkey {
  id: string;
  name: string;
  synced: boolean;
  created: number;
  used: number | null;
  suspect: number | null;
}

export function Passkeys() {
  const list = useLoad<{ items: Passkey[] }>('/account/passkeys').data?.items ?? [];
  const [naming, setNaming] = useState<Passkey>();
  const possible = 'PublicKeyCredential' in window && isSecureContext;
  return (
    <Part
      icon="person"
      title={t('security.passkeys')}
      state={t(possible ? 'security.passkeys.text' : 'security.passkeys.insecure')}
      action={
        possible && (
          <Button work={() => addPasskey(t('security.passkeys.name', { when: date(Date.now()) })).then(renew)}>
            {t('security.passkeys.add')}
          </Button>
        )
      }
    >
      {list.length > 0 && (
        <ul class="rows">
          {list.map((one) => (
            <li key={one.id}>
              <span class="grow">
                {one.name}
                <span class="small faint sub">
                  {one.suspect ? <span class="bad">{t('security.passkeys.suspect')}</span> : one.used ? t('security.used', { when: ago(one.used) }) : t('security.unused')}
                  {one.synced && ` · ${t('security.passkeys.synced')}`}
                </span>
              </span>
              <span class="end">
                <Button kind="quiet" icon="edit" label={t('security.rename', { name: one.name })} onClick={() => setNaming(one)} />
                <Button kind="quiet" icon="trash" label={t('security.remove', { name: one.name })} work={() => remove(`/account/passkeys/${one.id}`).then(renew)} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {naming && <PasskeyName passkey={naming} onClose={() => setNaming(undefined)} />}
    </Part>
  );
}

function PasskeyName({ passkey, onClose }: { passkey: Passkey; onClose: () => void }) {
  const form = useForm({ name: passkey.name }, async (values) => {
    await patch(`/account/passkeys/${passkey.id}`, values);
    renew();
    onClose();
  });
  return (
    <Dialog title={t('do.rename')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('sign.name')} required maxLength={60} autofocus {...form.bind('name')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="primary" type="submit">
            {t('do.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
