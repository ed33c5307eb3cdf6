/** The authenticator app: setting it up, its recovery codes, switching it off. */
import { useState } from 'preact/hooks';
import { post, remove } from '../../core/api';
import { t } from '../../core/texts';
import { Button, LinkButton } from '../../parts/button';
import { ask, Dialog } from '../../parts/dialog';
import { FormProblem, TextField, useForm } from '../../parts/field';
import { say } from '../../parts/toast';
import { Part, renew } from './part';

interface Setup {
  secret: string;
  uri: string;
  picture: string;
}

export function Authenticator({ on, left }: { on: boolean; left: number }) {
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
      state={on ? t('security.app.on', { n: left }) : t('security.app.none')}
      action={
        on ? (
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
          <form class="form" noValidate onSubmit={form.submit}>
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
        <LinkButton icon="download" download="rackdeck-recovery-codes.txt" href={`data:text/plain,${encodeURIComponent(text)}`}>
          {t('security.codes.save')}
        </LinkButton>
        <Button kind="primary" onClick={onClose}>
          {t('security.codes.kept')}
        </Button>
      </div>
    </Dialog>
  );
}
