/** Everybody: role, tier, closing an account; inviting. */
import { useState } from 'preact/hooks';
import { call, patch, post, remove } from '../../core/api';
import { ago, bytes, moment } from '../../core/format';
import { invalidate, useList, useLoad } from '../../core/load';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { Face } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormProblem, SearchField, SelectField, TextField, useForm } from '../../parts/field';
import { Bones, Empty, Shown, Trouble } from '../../parts/state';
import { failed, say } from '../../parts/toast';

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
interface Invitation {
  id: string;
  email: string;
  access: string;
  expires: number;
}

const ROLES = ['collaborator', 'artist', 'admin'];

export function Users() {
  const [search, setSearch] = useQuery('q');
  const [access, setAccess] = useQuery('role');
  const tiers = useLoad<{ items: { tier: string }[] }>('/tiers').data?.items.map((one) => one.tier) ?? [];
  const list = useList<User>('/admin/users', { search, access }, 50);
  const [open, setOpen] = useState('');
  const [inviting, setInviting] = useState(false);
  const rows = list.rows;
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
        <Button icon="plus" onClick={() => setInviting(true)}>
          {t('users.invite')}
        </Button>
      </div>
      {list.problem && !rows && <Trouble problem={list.problem} retry={list.reload} />}
      {!rows && !list.problem && <Bones height={40} />}
      {rows?.length === 0 && <Empty title={t('users.none', { text: search })} />}
      <ul class="rows links">
        {rows?.map((one) => (
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
      {!list.done && <Button onClick={list.more}>{t('do.more')}</Button>}
      <Open />
      {open && <One id={open} tiers={tiers} onClose={() => setOpen('')} />}
      {inviting && <Invite onClose={() => setInviting(false)} />}
    </>
  );
}

/** Invitations that nobody has followed yet. */
function Open() {
  const open = useLoad<{ items: Invitation[] }>('/invitations').data?.items ?? [];
  if (!open.length) return null;
  return (
    <section class="below">
      <h2>{t('users.invited')}</h2>
      <ul class="rows">
        {open.map((one) => (
          <li key={one.id}>
            <span class="grow cut">
              {one.email}
              <span class="small faint sub">{t('people.until', { when: moment(one.expires) })}</span>
            </span>
            <Button kind="quiet" icon="close" label={t('people.withdraw', { email: one.email })} work={() => remove(`/invitations/${one.id}`).then(() => invalidate('/invitations'))} />
          </li>
        ))}
      </ul>
    </section>
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
      <form class="form" onSubmit={form.submit}>
        <TextField label={t('sign.email')} type="email" required autofocus {...form.bind('email')} />
        <SelectField label={t('users.role')} options={ROLES.slice(0, 2).map((role) => [role, tOr(`access.${role}`, role)] as const)} {...form.bind('access')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button kind="primary" type="submit" aria-busy={form.busy}>
            {t('people.invite.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
