/** Flags: what only some have yet. */
import { useState } from 'preact/hooks';
import { put, remove } from '../../core/api';
import { invalidate, useLoad } from '../../core/load';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormEnd, TextField, useForm } from '../../parts/field';
import { Empty, Shown } from '../../parts/state';

interface Flag {
  name: string;
  about: string;
  percent: number;
  users: string[];
}

export function Flags() {
  const list = useLoad<Flag[]>('/admin/flags');
  const [open, setOpen] = useState<Flag>();
  const make = (
    <Button icon="plus" onClick={() => setOpen({ name: '', about: '', percent: 0, users: [] })}>
      {t('flags.make')}
    </Button>
  );
  return (
    <Shown of={list}>
      {(flags) => (
        <>
          {flags.length === 0 ? (
            <Empty title={t('flags.none')} actions={make}>
              <p>{t('flags.none.text')}</p>
            </Empty>
          ) : (
            <>
              <div class="tools">
                <span class="gap" />
                {make}
              </div>
              <ul class="rows">
                {flags.map((one) => (
                  <li key={one.name}>
                    <span class="grow">
                      <code>{one.name}</code>
                      <span class="small faint sub cut">{one.about}</span>
                    </span>
                    <span class="figures soft">{t('flags.has', { share: one.percent, n: one.users.length })}</span>
                    <Button kind="quiet" icon="edit" label={t('flags.edit', { name: one.name })} onClick={() => setOpen(one)} />
                    <Button kind="quiet" icon="trash" label={t('security.remove', { name: one.name })} work={() => remove(`/admin/flags/${one.name}`).then(() => invalidate('/admin/flags'))} />
                  </li>
                ))}
              </ul>
            </>
          )}
          {open && <Edit flag={open} onClose={() => setOpen(undefined)} />}
        </>
      )}
    </Shown>
  );
}

function Edit({ flag, onClose }: { flag: Flag; onClose: () => void }) {
  const form = useForm({ name: flag.name, about: flag.about, percent: String(flag.percent), users: flag.users.join(' ') }, async ({ name, about, percent, users }) => {
    await put(`/admin/flags/${encodeURIComponent(name ?? '')}`, { about, percent: Number(percent), users: (users ?? '').split(/[\s,]+/).filter(Boolean) });
    invalidate('/admin/flags');
    onClose();
  });
  return (
    <Dialog title={flag.name ? t('flags.edit', { name: flag.name }) : t('flags.make')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('flags.name')} hint={t('flags.name.hint')} required maxLength={40} pattern="[a-z0-9\-]+" disabled={Boolean(flag.name)} {...form.bind('name')} />
        <TextField label={t('flags.about')} maxLength={200} {...form.bind('about')} />
        <TextField label={t('flags.percent')} type="number" min={0} max={100} required {...form.bind('percent')} />
        <TextField label={t('flags.users')} {...form.bind('users')} />
        <FormEnd form={form} yes={t('do.save')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
