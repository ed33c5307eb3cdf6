/** Taking everything along, and leaving. */
import { useState } from 'preact/hooks';
import { post } from '../../core/api';
import { bytes, moment } from '../../core/format';
import { invalidate, useLoad } from '../../core/load';
import { t } from '../../core/texts';
import { Button, LinkButton } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormEnd, PasswordField, Tick, useForm } from '../../parts/field';
import { Progress, Shown } from '../../parts/state';
import { Part } from './part';

interface Copy {
  id: string;
  size: number | null;
  music: boolean;
  created: number;
  expires: number;
}

export function Data() {
  const list = useLoad<{ items: Copy[]; music_size: number }>('/account/exports');
  const mails = useLoad<{ mails: boolean }>('/sign-in').data?.mails;
  const [music, setMusic] = useState(false);
  const size = list.data?.music_size ?? 0;
  const [leaving, setLeaving] = useState(false);
  return (
    <div class="stack wide">
      <Part
        icon="download"
        title={t('data.export')}
        state={`${t('data.export.text')} ${t(mails ? 'data.export.mailed' : 'data.export.here')}`}
        action={<Button work={() => post(`/account/exports${music ? '?music=true' : ''}`).then(() => invalidate('/account/exports'))}>{t('data.export.do')}</Button>}
      >
        {size > 0 && <Tick label={t('data.export.music', { size: bytes(size) })} checked={music} onChange={(event) => setMusic(event.currentTarget.checked)} />}
        <Shown of={list}>
          {({ items }) =>
            items.length > 0 && (
              <ul class="rows">
                {items.map((one) => (
                  <li key={one.id}>
                    <span class="grow">
                      {t(one.music ? 'data.copy.music' : 'data.copy', { when: moment(one.created) })}
                      <span class="small faint sub">{one.size === null ? t('data.making') : t('data.kept', { size: bytes(one.size), until: moment(one.expires) })}</span>
                      {one.size === null && <Progress label={t('data.making')} />}
                    </span>
                    {one.size !== null && (
                      <LinkButton icon="download" href={`/api/v1/account/exports/${one.id}/file`} download>
                        {t('data.download')}
                      </LinkButton>
                    )}
                  </li>
                ))}
              </ul>
            )
          }
        </Shown>
      </Part>
      <Part
        icon="trash"
        title={t('data.leave')}
        state={t('data.leave.text')}
        action={
          <Button kind="danger" onClick={() => setLeaving(true)}>
            {t('data.leave.do')}
          </Button>
        }
      />
      {leaving && <Leave onClose={() => setLeaving(false)} />}
    </div>
  );
}

function Leave({ onClose }: { onClose: () => void }) {
  const form = useForm({ password: '' }, async (values) => {
    await post('/account/deletion', values);
    location.assign('/sign-in');
  });
  return (
    <Dialog title={t('data.leave')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <p class="soft">{t('data.leave.sure')}</p>
        <PasswordField label={t('sign.password')} autocomplete="current-password" {...form.bind('password')} />
        <FormEnd form={form} yes={t('data.leave.do')} no={t('data.stay')} danger onCancel={onClose} />
      </form>
    </Dialog>
  );
}
