/** What protects the account: password, authenticator app, passkeys, accounts elsewhere, sessions. */
import { useState } from 'preact/hooks';
import { call, patch, post, put, remove } from '../../core/api';
import { ago } from '../../core/format';
import { invalidate, useLoad } from '../../core/load';
import { addPasskey } from '../../core/passkeys';
import { user } from '../../core/session';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { ask, Dialog } from '../../parts/dialog';
import { FormProblem, PasswordField, TextField, useForm } from '../../parts/field';
import { Icon, type IconName } from '../../parts/icon';
import { Bones, Shown } from '../../parts/state';
import { say } from '../../parts/toast';

interface Protection {
  password: boolean;
  totp: boolean;
  recovery_left: number;
  passkeys: number;
  elsewhere: number;
}

const renew = () => invalidate('/account');

export function Security() {
  const state = useLoad<Protection>('/account/protection');
  return (
    <Shown of={state} bones={<Bones widths={[100, 100, 100]} height={84} />}>
      {(protection) => (
        <div class="stack wide">
          <Password has={protection.password} />
          <App protection={protection} />
          <Passkeys />
          <Elsewhere />
          <Sessions />
        </div>
      )}
    </Shown>
  );
}

function Part({ icon, title, state, children, action }: { icon: IconName; title: string; state?: preact.ComponentChildren; children?: preact.ComponentChildren; action?: preact.ComponentChildren }) {
  return (
    <section class="part">
      <header>
        <Icon name={icon} size={20} />
        <div class="grow">
          <h2>{title}</h2>
          {state && <p class="soft">{state}</p>}
        </div>
        {action}
      </header>
      {children}
    </section>
  );
}

function Password({ has }: { has: boolean }) {
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
        <form class="form" onSubmit={form.submit}>
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

interface Setup {
  secret: string;
  uri: string;
  picture: string;
}

function App({ protection }: { protection: Protection }) {
  const [setup, setSetup] = useState<Setup>();
  const [codes, setCodes] = useState<string[]>();
  const form = useForm({ code: '' }, async ({ code }) => {
    const made = await post<{ codes: string[] }>('/account/totp/confirm', { code: (code ?? '').replace(/\s/g, '') });
    setSetup(undefined);
    form.set('code', '');
    setCodes(made.codes);
    renew();
  });
  const off = async () => {
    if (!(await ask({ title: t('security.app.off'), text: t('security.app.off.text'), yes: t('security.app.off.do'), danger: true }))) return;
    await remove('/account/totp');
    renew();
  };
  const renewCodes = async () => {
    if (!(await ask({ title: t('security.codes.renew'), text: t('security.codes.renew.text'), yes: t('security.codes.renew.do') }))) return;
    setCodes((await post<{ codes: string[] }>('/account/recovery')).codes);
    renew();
  };
  return (
    <Part
      icon="shield"
      title={t('security.app')}
      state={protection.totp ? t('security.app.on', { n: protection.recovery_left }) : t('security.app.none')}
      action={
        protection.totp ? (
          <span class="buttons">
            <Button work={renewCodes}>{t('security.codes.renew')}</Button>
            <Button kind="danger" work={off}>
              {t('security.app.off.do')}
            </Button>
          </span>
        ) : (
          <Button kind={setup ? '' : 'primary'} work={async () => setSetup(setup ? undefined : await post<Setup>('/account/totp'))}>
            {t(setup ? 'do.cancel' : 'security.app.begin')}
          </Button>
        )
      }
    >
      {setup && (
        <div class="totp">
          <img src={setup.picture} alt={t('security.app.qr')} width={188} height={188} />
          <form class="form" onSubmit={form.submit}>
            <p class="soft">{t('security.app.scan')}</p>
            <p class="small faint">
              {t('security.app.secret')} <code class="secret">{setup.secret.replace(/(.{4})/g, '$1 ')}</code>
            </p>
            <TextField label={t('security.app.code')} class="code" inputmode="numeric" autocomplete="one-time-code" required maxLength={7} {...form.bind('code')} />
            <FormProblem problem={form.problem} />
            <div class="actions">
              <Button kind="primary" type="submit" aria-busy={form.busy}>
                {t('security.app.confirm')}
              </Button>
            </div>
          </form>
        </div>
      )}
      {codes && <Codes codes={codes} onClose={() => setCodes(undefined)} />}
    </Part>
  );
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const text = `${codes.join('\n')}\n`;
  const copy = () => navigator.clipboard.writeText(text).then(() => say(t('do.copied')));
  return (
    <Dialog title={t('security.codes')} onClose={onClose}>
      <p class="soft">{t('security.codes.text')}</p>
      <ul class="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="actions">
        <Button icon="copy" work={copy}>
          {t('do.copy')}
        </Button>
        <a class="button" download="rackdeck-recovery-codes.txt" href={`data:text/plain,${encodeURIComponent(text)}`}>
          <Icon name="download" />
          {t('security.codes.save')}
        </a>
        <Button kind="primary" onClick={onClose}>
          {t('security.codes.kept')}
        </Button>
      </div>
    </Dialog>
  );
}

interface Passkey {
  id: string;
  name: string;
  synced: boolean;
  created: number;
  used: number | null;
  suspect: number | null;
}

function Passkeys() {
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
          <Button work={() => addPasskey(t('security.passkeys.name', { when: new Date().toLocaleDateString('en-GB') })).then(renew)}>
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
      <form class="form" onSubmit={form.submit}>
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

interface Link {
  id: string;
  provider: string;
  email: string;
}

function Elsewhere() {
  const list = useLoad<{ items: Link[] }>('/account/elsewhere').data?.items ?? [];
  const ways = useLoad<{ providers: { name: string; title: string }[] }>('/sign-in').data?.providers ?? [];
  const free = ways.filter((way) => !list.some((one) => one.provider === way.name));
  if (!list.length && !free.length) return null;
  const leave = async (name: string) => location.assign((await post<{ url: string }>(`/account/elsewhere/${name}`, { next: '/account/security' })).url);
  return (
    <Part icon="out" title={t('security.elsewhere')} state={t('security.elsewhere.text')}>
      <ul class="rows">
        {list.map((one) => (
          <li key={one.id}>
            <span class="grow">
              {ways.find((way) => way.name === one.provider)?.title ?? one.provider} <span class="soft">{one.email}</span>
            </span>
            <Button kind="quiet" icon="trash" label={t('security.remove', { name: one.provider })} work={() => remove(`/account/elsewhere/${one.id}`).then(renew)} />
          </li>
        ))}
        {free.map((way) => (
          <li key={way.name}>
            <span class="grow soft">{way.title}</span>
            <Button work={() => leave(way.name)}>{t('security.elsewhere.link')}</Button>
          </li>
        ))}
      </ul>
    </Part>
  );
}

interface Session {
  id: string;
  agent: string;
  address: string;
  created: number;
  seen: number;
  current: boolean;
  program: boolean;
}

/** `Firefox on Linux`, from what a browser says of itself. */
function device(agent: string): string {
  const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : '';
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Mac OS/.test(agent) ? 'macOS' : /Windows/.test(agent) ? 'Windows' : /Linux/.test(agent) ? 'Linux' : '';
  return browser && system ? t('security.device', { browser, system }) : agent.slice(0, 60) || t('security.unknown');
}

function Sessions() {
  const list = useLoad<{ items: Session[] }>('/account/sessions');
  const others = (list.data?.items.length ?? 0) > 1;
  return (
    <Part
      icon="clock"
      title={t('security.sessions')}
      state={t('security.sessions.text')}
      action={
        others && (
          <Button kind="danger" work={() => call('DELETE', '/account/sessions').then(renew)}>
            {t('security.sessions.endOthers')}
          </Button>
        )
      }
    >
      <Shown of={list}>
        {({ items }) => (
          <ul class="rows">
            {items.map((one) => (
              <li key={one.id}>
                <span class="grow">
                  {one.program ? t('security.program', { agent: device(one.agent) }) : device(one.agent)}
                  <span class="small faint sub figures">
                    {one.address} · {t('security.seen', { when: ago(one.seen) })}
                  </span>
                </span>
                {one.current ? (
                  <span class="chip accent">{t('security.here')}</span>
                ) : (
                  <Button work={() => remove(`/account/sessions/${one.id}`).then(renew)}>{t('security.sessions.end')}</Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Part>
  );
}
