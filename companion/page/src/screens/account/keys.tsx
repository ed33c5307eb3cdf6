/** API keys: for programs that act in your name, with no more rights than they need. */
import { useState } from 'preact/hooks';
import { post, remove } from '../../core/api';
import { ago, moment } from '../../core/format';
import { invalidate, useLoad } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { ask, Dialog } from '../../parts/dialog';
import { FormEnd, SelectField, TextField, Tick, useForm } from '../../parts/field';
import { Empty, Shown } from '../../parts/state';
import { failed, say } from '../../parts/toast';

interface Key {
  id: string;
  name: string;
  start: string;
  scopes: string[];
  created: number;
  expires: number | null;
  used: number | null;
}
interface All {
  items: Key[];
  scopes: string[];
}

export function Keys() {
  const list = useLoad<All>('/account/keys');
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState('');
  const revoke = async (one: Key) => {
    if (!(await ask({ title: t('keys.revoke', { name: one.name }), text: t('keys.revoke.text'), yes: t('keys.revoke.do'), danger: true }))) return;
    await remove(`/account/keys/${one.id}`);
    invalidate('/account/keys');
  };
  const copy = () => navigator.clipboard.writeText(made).then(() => say(t('do.copied')), failed);
  return (
    <Shown of={list}>
      {({ items, scopes }) => (
        <div class="stack wide">
          <div class="tools">
            <p class="soft">{t('keys.text')}</p>
            <span class="gap" />
            <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
              {t('keys.make')}
            </Button>
          </div>
          {items.length === 0 && <Empty title={t('keys.none')} />}
          <p class="small soft">
            {t('keys.docs')} <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>
          </p>
          {items.length > 0 && (
            <ul class="rows">
              {items.map((one) => (
                <li key={one.id}>
                  <span class="grow">
                    {one.name} <code class="faint">{one.start}…</code>
                    <span class="small faint sub">
                      {one.scopes.join(', ')} · {one.used ? t('security.used', { when: ago(one.used) }) : t('security.unused')}
                      {one.expires !== null && ` · ${t('keys.until', { when: moment(one.expires) })}`}
                    </span>
                  </span>
                  <Button kind="danger" work={() => revoke(one)}>
                    {t('keys.revoke.do')}
                  </Button>
                </li>
              ))}
            </ul>
          )}
          {making && (
            <Make
              scopes={scopes}
              onClose={() => setMaking(false)}
              onMade={(key) => {
                setMaking(false);
                setMade(key);
                invalidate('/account/keys');
              }}
            />
          )}
          {made && (
            <Dialog title={t('keys.made')} onClose={() => setMade('')}>
              <p class="soft">{t('keys.made.text')}</p>
              <code class="secret whole">{made}</code>
              <p class="small soft">{t('keys.example')}</p>
              <code class="secret whole">{`curl -H 'Authorization: Bearer ${made}' ${location.origin}/api/v1/account`}</code>
              <div class="actions">
                <Button icon="copy" onClick={() => void copy()}>
                  {t('do.copy')}
                </Button>
                <Button kind="primary" onClick={() => setMade('')}>
                  {t('do.done')}
                </Button>
              </div>
            </Dialog>
          )}
        </div>
      )}
    </Shown>
  );
}

function Make({ scopes, onClose, onMade }: { scopes: string[]; onClose: () => void; onMade: (key: string) => void }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const form = useForm({ name: '', days: '365' }, async ({ name, days }) => {
    const made = await post<{ key: string }>('/account/keys', { name, scopes: [...chosen], days: days ? Number(days) : null });
    onMade(made.key);
  });
  const flip = (scope: string) => {
    const next = new Set(chosen);
    if (!next.delete(scope)) next.add(scope);
    setChosen(next);
  };
  return (
    <Dialog title={t('keys.make')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <TextField label={t('keys.name')} hint={t('keys.name.hint')} required maxLength={60} autofocus {...form.bind('name')} />
        <SelectField
          label={t('keys.days')}
          options={[
            ['30', t('keys.days.n', { n: 30 })],
            ['90', t('keys.days.n', { n: 90 })],
            ['365', t('keys.days.year')],
            ['', t('keys.days.never')],
          ]}
          {...form.bind('days')}
        />
        <fieldset class="field">
          <legend class="label small soft">{t('keys.scopes')}</legend>
          <div class="ticks two">
            {scopes.map((scope) => (
              <Tick key={scope} label={tOr(`scope.${scope}`, scope)} checked={chosen.has(scope)} onChange={() => flip(scope)} />
            ))}
          </div>
        </fieldset>
        <FormEnd form={form} yes={t('keys.make')} disabled={!chosen.size} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
