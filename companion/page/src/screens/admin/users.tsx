/** Everybody: role, tier, closing an account; inviting. */
import { useState } from 'preact/hooks';
import { call, patch, post } from '../../core/api';
import { ago, bytes, moment } from '../../core/format';
import { invalidate, useList, useLoad } from '../../core/load';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { Face } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormEnd, SearchField, SelectField, Sorter, TextField, useForm } from '../../parts/field';
import { Bones, Empty, Shown, ShownList } from '../../parts/state';
import { failed, say } from '../../parts/toast';
import { Invited, type Invitation } from '../invited';

interface User {
  id: string;
  email: string;
  name: string;
  access: string;
  tier: string;
  created: number;
  verified: number | null;
  disabled: number | null;
  leaving: number | null;
}
interface Account extends User {
  allowances: { what: string; most: number; used: number | null }[];
  sessions: number;
  seen: number | null;
}

const ROLES = ['collaborator', 'artist', 'admin'];

export function Users() {
  const [search, setSearch] = useQuery('q');
  const [access, setAccess] = useQuery('role');
  const [sort, setSort] = useQuery('sort', '-added');
  const tiers = useLoad<{ items: { tier: string }[] }>('/tiers').data?.items.map((one) => one.tier) ?? [];
  const list = useList<User>('/admin/users', { search, access, sort }, 50);
  const invited = useLoad<{ items: Invitation[] }>('/invitations').data?.items ?? [];
  const [open, setOpen] = useState('');
  const [inviting, setInviting] = useState(false);
  return (
    <>
      <div class="tools">
        <SearchField value={search} onValue={setSearch} label={t('users.search')} />
        <select class="input fit" aria-label={t('users.role')} value={access} onChange={(event) => setAccess(event.currentTarget.value)}>
          <option value="">{t('users.anyRole')}</option>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {tOr(`access.${one}`, one)}
            </option>
          ))}
        </select>
        <span class="gap" />
        <Sorter
          value={sort}
          options={[
            ['-added', t('users.sort.added')],
            ['name', t('users.sort.name')],
            ['email', t('users.sort.email')],
          ]}
          onValue={setSort}
        />
        <Button icon="plus" onClick={() => setInviting(true)}>
          {t('users.invite')}
        </Button>
      </div>
      <ShownList of={list} bones={<Bones height={40} />} empty={<Empty title={t('users.none', { text: search })} />}>
        {(rows) => (
          <ul class="rows links">
            {rows.map((one) => (
              <li key={one.id}>
                <Face name={one.name} />
                <span class="grow">
                  <button type="button" class="plain stretched cut" onClick={() => setOpen(one.id)}>
                    {one.name}
                  </button>
                  <span class="small soft sub cut">{one.email}</span>
                </span>
                {one.disabled && <span class="chip bad">{t('users.closed')}</span>}
                {one.leaving && <span class="chip">{t('users.leaving')}</span>}
                <span class="fact small soft wide-only">{tOr(`access.${one.access}`, one.access)}</span>
                <span class="fact small soft wide-only">{tOr(`tier.${one.tier}`, one.tier)}</span>
                <time class="end small faint">{ago(one.created)}</time>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
      <Invited path="/invitations" open={invited} title={t('users.invited')} />
      {open && <One id={open} tiers={tiers} onClose={() => setOpen('')} />}
      {inviting && <Invite onClose={() => setInviting(false)} />}
    </>
  );
}

function One({ id, tiers, onClose }: { id: string; tiers: string[]; onClose: () => void }) {
  const path = `/admin/users/${id}`;
  const told = useLoad<Account>(path);
  const change = (body: Record<string, unknown>) => patch(path, body).then(() => invalidate('/admin'), failed);
  return (
    <Dialog title={told.data?.name ?? t('state.loading')} onClose={onClose}>
      <Shown of={told}>
        {(one) => (
          <>
            <p class="soft">{one.email}</p>
            <div class="pair">
              <SelectField label={t('users.role')} value={one.access} options={ROLES.map((role) => [role, tOr(`access.${role}`, role)] as const)} onChange={(event) => void change({ access: event.currentTarget.value })} />
              <SelectField label={t('account.tier')} value={one.tier} options={tiers.map((tier) => [tier, tOr(`tier.${tier}`, tier)] as const)} onChange={(event) => void change({ tier: event.currentTarget.value })} />
            </div>
            <dl class="facts small">
              <dt>{t('users.since')}</dt>
              <dd>{moment(one.created)}</dd>
              <dt>{t('users.seen')}</dt>
              <dd>{one.seen ? ago(one.seen) : '–'}</dd>
              <dt>{t('users.verified')}</dt>
              <dd>{one.verified ? moment(one.verified) : t('users.notVerified')}</dd>
              {one.allowances.map(({ what, most, used }) => (
                <>
                  <dt>{tOr(`limit.${what}`, what)}</dt>
                  <dd class="figures">{used === null ? '–' : t('account.of', { used: what === 'storage' ? bytes(used) : used, most: what === 'storage' ? bytes(most) : most })}</dd>
                </>
              ))}
            </dl>
            <div class="actions">
              <Button work={() => call('DELETE', `${path}/sessions`).then(() => say(t('users.signedOut', { name: one.name })))}>{t('users.signOut', { n: one.sessions })}</Button>
              <Button kind={one.disabled ? '' : 'danger'} work={() => change({ disabled: !one.disabled })}>
                {t(one.disabled ? 'users.reopen' : 'users.close')}
              </Button>
              <Button kind="primary" onClick={onClose}>
                {t('do.done')}
              </Button>
            </div>
          </>
        )}
      </Shown>
    </Dialog>
  );
}

function Invite({ onClose }: { onClose: () => void }) {
  const form = useForm({ email: '', access: 'artist' }, async (values) => {
    await post('/invitations', values);
    invalidate('/invitations');
    say(t('people.mailed', { email: values['email'] ?? '' }));
    onClose();
  });
  return (
    <Dialog title={t('users.invite')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('sign.email')} type="email" required autofocus {...form.bind('email')} />
        <SelectField label={t('users.role')} options={ROLES.slice(0, 2).map((role) => [role, tOr(`access.${role}`, role)] as const)} {...form.bind('access')} />
        <FormEnd form={form} yes={t('people.invite.do')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
