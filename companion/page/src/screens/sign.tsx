/** The doors: sign in and up, the second step, confirming an address, a new password. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, post, type Problem } from '../core/api';
import { keptInvitation, lookAt, type Offered } from '../core/invitation';
import { go } from '../core/router';
import { useLoad } from '../core/load';
import { begin, renewUser, user, type Session } from '../core/session';
import { useAtom } from '../core/atom';
import { t, tOr } from '../core/texts';
import { signInWithPasskey } from '../core/passkeys';
import { Button, LinkButton } from '../parts/button';
import { FormProblem, PasswordField, TextField, useForm } from '../parts/field';
import { Icon, Mark } from '../parts/icon';
import { Toasts } from '../parts/toast';
import { SignArt } from './signart';

const DOORS = ['/sign-in', '/sign-up', '/verify', '/reset', '/forgot'];
/** Whether an address can be seen without an account. */
export const isOpenToAll = (path: string): boolean => DOORS.includes(path);

interface Ways {
  sign_up: 'open' | 'invited' | 'closed';
  mails: boolean;
  first: boolean; // nobody has an account yet: the first administers
  passkeys: boolean;
  providers: { name: string; title: string }[];
}

export function Sign({ path }: { path: string }) {
  const ways = useLoad<Ways>('/sign-in').data;
  const begins = path === '/sign-in' && ways?.first && ways.sign_up === 'open' && !location.hash;
  useEffect(() => {
    if (begins) go(door('/sign-up'), true); // nobody could sign in
  }, [begins]);
  return (
    <div class="door">
      <main class="door-form" id="main">
        <a class="door-brand" href="/sign-in">
          <Mark size={26} />
          Rackdeck
        </a>
        <div class="door-inside">
          {path === '/sign-up' ? <SignUp ways={ways} /> : path === '/verify' ? <Verify /> : path === '/forgot' ? <Forgot /> : path === '/reset' ? <Reset /> : <SignIn ways={ways} />}
        </div>
      </main>
      <SignArt />
      <Toasts beside={false} />
    </div>
  );
}

function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · Rackdeck`;
  }, [title]);
  return (
    <header class="door-head">
      <h1>{title}</h1>
      {children && <p class="soft">{children}</p>}
    </header>
  );
}

/** What follows the # of the address: `challenge=…`, `refused=…`, or a link's secret. */
function afterHash(name = ''): string {
  const text = location.hash.slice(1);
  return name ? (new URLSearchParams(text).get(name) ?? '') : text;
}

/** Take a secret out of the address, so that it stays in no history. */
function takeHash(): string {
  const secret = afterHash();
  if (secret) history.replaceState(null, '', location.pathname + location.search);
  return secret;
}

/** Why another site, or we, did not let somebody in, as the address says; empty without. */
export function refusal(): string {
  const kind = afterHash('refused');
  return kind && tOr(`sign.refused.${kind}`, t('sign.refused'));
}

/** A door's address that leads on to where somebody wanted to go. */
const door = (path: string) => path + location.search;

/** The invitation to a project that brought somebody here, and its secret. */
function useInvitation(): { secret: string; offered?: Offered } {
  const next = new URLSearchParams(location.search).get('next') ?? '';
  const [secret] = useState(() => (next === '/invitations' ? keptInvitation() : ''));
  const [offered, setOffered] = useState<Offered>();
  useEffect(() => {
    // where it is not valid any more, its own page tells so once somebody is signed in
    if (secret) lookAt(secret).then(setOffered, () => undefined);
  }, [secret]);
  return { secret, offered };
}

const Asked = ({ by, text }: { by: Offered; text: 'invitation.signIn' | 'invitation.signUp' }) => (
  <div class="note" role="status">
    <p>
      {t('invitation.text', { who: by.inviter_name, title: by.title, role: tOr(`role.${by.role}`, by.role) })} {t(text)}
    </p>
  </div>
);

function SignIn({ ways }: { ways: Ways | undefined }) {
  const [challenge, setChallenge] = useState(() => afterHash('challenge'));
  const refused = refusal();
  const { secret, offered } = useInvitation();
  const enter = (session: Session) => (session.user ? begin(session) : setChallenge(session.challenge));
  const form = useForm({ email: '', password: '' }, async (values) => enter(await post<Session>('/session', values)));
  if (challenge) return <SecondStep challenge={challenge} again={() => setChallenge('')} />;
  const next = new URLSearchParams(location.search).get('next') ?? '/';
  return (
    <>
      <Head title={t('sign.in')}>{t('sign.what')}</Head>
      {offered && <Asked by={offered} text="invitation.signIn" />}
      <form class="form" noValidate onSubmit={form.submit}>
        {refused && <p class="trouble" role="alert">{refused}</p>}
        <TextField label={t('sign.email')} type="email" autocomplete="username webauthn" required autofocus {...form.bind('email')} />
        <PasswordField label={t('sign.password')} autocomplete="current-password" required {...form.bind('password')} />
        <FormProblem problem={form.problem} />
        <Button kind="primary" size="large" type="submit" aria-busy={form.busy}>
          {t('sign.in.do')}
        </Button>
        <a class="link small" href={door('/forgot')}>
          {t('sign.forgot')}
        </a>
      </form>
      {ways && (ways.passkeys || ways.providers.length > 0) && (
        <div class="door-ways">
          <p class="door-or">{t('sign.or')}</p>
          {ways.passkeys && 'PublicKeyCredential' in window && (
            <Button icon="key" size="large" work={async () => enter(await signInWithPasskey())}>
              {t('sign.passkey')}
            </Button>
          )}
          {ways.providers.map((one) => (
            <Button
              key={one.name}
              size="large"
              work={async () => location.assign((await post<{ url: string }>(`/session/with/${one.name}`, { next, ...(ways.sign_up === 'invited' && secret && { invitation: secret }) })).url)}
            >
              {t('sign.with', { name: one.title })}
            </Button>
          ))}
        </div>
      )}
      {ways?.sign_up !== 'closed' && (
        <p class="soft door-other">
          {t('sign.new')} <a href={door('/sign-up')}>{t('sign.up.do')}</a>
        </p>
      )}
    </>
  );
}

function SecondStep({ challenge, again }: { challenge: string; again: () => void }) {
  const [recovery, setRecovery] = useState(false);
  const form = useForm({ code: '' }, async ({ code }) => {
    const session = await post<Session>('/session/second', { challenge, code });
    history.replaceState(null, '', location.pathname + location.search);
    begin(session);
  });
  return (
    <>
      <Head title={t('sign.second')}>{t(recovery ? 'sign.second.recovery' : 'sign.second.app')}</Head>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField
          key={String(recovery)}
          label={t(recovery ? 'sign.recovery' : 'sign.code')}
          class={recovery ? '' : 'code'}
          inputmode={recovery ? 'text' : 'numeric'}
          autocomplete="one-time-code"
          maxLength={recovery ? 40 : 7}
          required
          autofocus
          {...form.bind('code')}
        />
        <FormProblem problem={form.problem} />
        <Button kind="primary" size="large" type="submit" aria-busy={form.busy}>
          {t('sign.in.do')}
        </Button>
        <div class="actions">
          <Button kind="quiet" onClick={() => setRecovery(!recovery)}>
            {t(recovery ? 'sign.useApp' : 'sign.useRecovery')}
          </Button>
          <Button kind="quiet" onClick={again}>
            {t('do.back')}
          </Button>
        </div>
      </form>
    </>
  );
}

function SignUp({ ways }: { ways: Ways | undefined }) {
  const [mailed] = useState(takeHash);
  const { secret, offered } = useInvitation();
  const invitation = mailed || (ways?.sign_up === 'invited' ? secret : '');
  const form = useForm({ name: '', email: '', password: '' }, async (values) =>
    begin(await post<Session>('/accounts', { ...values, ...(invitation && { invitation }) })),
  );
  useEffect(() => {
    if (offered && !form.values['email']) form.set('email', offered.email); // whoever has the secret read the mail there
  }, [offered]);
  if (ways && ways.sign_up !== 'open' && !invitation)
    return (
      <>
        <Head title={t('sign.up')}>{t(ways.sign_up === 'closed' ? 'sign.closed' : 'sign.invited')}</Head>
        <LinkButton href={door('/sign-in')}>{t('sign.in.do')}</LinkButton>
      </>
    );
  return (
    <>
      <Head title={t(ways?.first ? 'sign.up.first' : 'sign.up')}>
        {t('sign.what')} {ways && t(ways.first ? 'sign.up.first.text' : ways.mails ? 'sign.up.text' : 'sign.up.text.kept')}
      </Head>
      {offered && <Asked by={offered} text="invitation.signUp" />}
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('sign.name')} hint={t('sign.name.hint')} autocomplete="name" required maxLength={100} autofocus {...form.bind('name')} />
        <TextField label={t('sign.email')} type="email" autocomplete="username" required {...form.bind('email')} />
        <PasswordField label={t('sign.password')} hint={t('sign.password.hint')} autocomplete="new-password" required minLength={8} {...form.bind('password')} />
        <FormProblem problem={form.problem} />
        <Button kind="primary" size="large" type="submit" aria-busy={form.busy}>
          {t('sign.up.do')}
        </Button>
      </form>
      {!ways?.first && (
        <p class="soft door-other">
          {t('sign.have')} <a href={door('/sign-in')}>{t('sign.in.do')}</a>
        </p>
      )}
    </>
  );
}

function Verify() {
  const me = useAtom(user);
  const [secret] = useState(takeHash);
  const [state, setState] = useState<'busy' | 'done' | Problem>('busy');
  useEffect(() => {
    call('POST', '/accounts/verification', { body: { token: secret || '-' } }).then(
      () => {
        setState('done');
        if (user.get()) void renewUser();
      },
      (error) => setState(error.problem),
    );
  }, []);
  const failed = typeof state === 'object' ? state : undefined;
  return (
    <>
      <Head title={t(failed ? 'verify.failed' : state === 'done' ? 'verify.done' : 'verify.busy')}>
        {failed ? failed.detail : state === 'done' && t('verify.text')}
      </Head>
      {state !== 'busy' && (
        <LinkButton kind="primary" href={me ? '/' : '/sign-in'}>
          {t(me ? 'verify.on' : 'sign.in.do')}
        </LinkButton>
      )}
    </>
  );
}

function Forgot() {
  const [sent, setSent] = useState(false);
  const form = useForm({ email: '' }, async (values) => {
    await call('POST', '/accounts/reset', { body: values });
    setSent(true);
  });
  if (sent)
    return (
      <>
        <Head title={t('forgot.sent')}>{t('forgot.sent.text', { email: form.values['email'] ?? '' })}</Head>
        <LinkButton href={door('/sign-in')}>{t('sign.in.do')}</LinkButton>
      </>
    );
  return (
    <>
      <Head title={t('forgot.title')}>{t('forgot.text')}</Head>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('sign.email')} type="email" autocomplete="username" required autofocus {...form.bind('email')} />
        <FormProblem problem={form.problem} />
        <Button kind="primary" size="large" type="submit" aria-busy={form.busy}>
          {t('forgot.do')}
        </Button>
        <a class="link small" href={door('/sign-in')}>
          {t('do.back')}
        </a>
      </form>
    </>
  );
}

function Reset() {
  const [secret] = useState(takeHash);
  const [done, setDone] = useState(false);
  const form = useForm({ password: '' }, async ({ password }) => {
    await call('POST', '/accounts/reset/password', { body: { token: secret || '-', password } });
    setDone(true);
  });
  if (done)
    return (
      <>
        <Head title={t('reset.done')}>{t('reset.done.text')}</Head>
        <Button kind="primary" size="large" onClick={() => go('/sign-in')}>
          <Icon name="check" />
          {t('sign.in.do')}
        </Button>
      </>
    );
  return (
    <>
      <Head title={t('reset.title')}>{t('reset.text')}</Head>
      <form class="form" noValidate onSubmit={form.submit}>
        <PasswordField label={t('reset.new')} hint={t('sign.password.hint')} autocomplete="new-password" required minLength={8} autofocus {...form.bind('password')} />
        <FormProblem problem={form.problem} />
        <Button kind="primary" size="large" type="submit" aria-busy={form.busy}>
          {t('reset.do')}
        </Button>
      </form>
    </>
  );
}
