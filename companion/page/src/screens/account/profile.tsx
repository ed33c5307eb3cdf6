/** Name, address, tier. */
import { patch, post } from '../../core/api';
import { useAtom } from '../../core/atom';
import { bytes, moment } from '../../core/format';
import { useLoad } from '../../core/load';
import { renewUser, user } from '../../core/session';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { FormProblem, TextField, useForm } from '../../parts/field';
import { Progress, Shown } from '../../parts/state';
import { say } from '../../parts/toast';
import { useConfirm } from './confirm';

interface Tier {
  tier: string;
  limits: { what: string; most: number; used: number | null }[];
}

const amount = (what: string, count: number) => (what.includes('storage') ? bytes(count) : count.toLocaleString('en'));

export function Profile() {
  const me = useAtom(user);
  const tier = useLoad<Tier>('/account/tier');
  const confirm = useConfirm();
  const name = useForm({ name: me?.name ?? '' }, async (values) => {
    await patch('/account', values);
    await renewUser();
    say(t('account.saved'));
  });
  const email = useForm({ email: '' }, async (values) => {
    await post('/account/email', values);
    email.set('email', '');
    say(t('account.email.sent', { email: values['email'] ?? '' }));
  });
  if (!me) return null;
  return (
    <div class="columns">
      <div class="stack">
        {confirm && (
          <div class="note">
            <p>{confirm.text}</p>
            {confirm.action}
          </div>
        )}
        <form class="form" noValidate onSubmit={name.submit}>
          <TextField label={t('sign.name')} hint={t('sign.name.hint')} autocomplete="name" required maxLength={100} {...name.bind('name')} />
          <FormProblem problem={name.problem} />
          <div class="actions">
            <Button kind="primary" type="submit" disabled={name.values['name'] === me.name}>
              {t('do.save')}
            </Button>
          </div>
        </form>
        <form class="form" noValidate onSubmit={email.submit}>
          <TextField label={t('account.email.new')} hint={t('account.email.hint', { email: me.email })} type="email" autocomplete="email" required {...email.bind('email')} />
          <FormProblem problem={email.problem} />
          <div class="actions">
            <Button type="submit">{t('account.email.do')}</Button>
          </div>
        </form>
      </div>
      <section class="panel">
        <header>
          <h2>{t('account.tier')}</h2>
          <span class="chip accent">{tOr(`tier.${me.tier}`, me.tier)}</span>
        </header>
        <Shown of={tier}>
          {({ limits }) => (
            <ul class="allowances">
              {limits.map(({ what, most, used }) => (
                <li key={what}>
                  <span>{tOr(`limit.${what}`, what)}</span>
                  <span class="figures soft">{used === null ? amount(what, most) : t('account.of', { used: amount(what, used), most: amount(what, most) })}</span>
                  {used !== null && <Progress value={most ? Math.min(1, used / most) : 0} label={tOr(`limit.${what}`, what)} />}
                </li>
              ))}
            </ul>
          )}
        </Shown>
        <p class="small faint after">{t('account.since', { when: moment(me.created) })}</p>
      </section>
    </div>
  );
}
