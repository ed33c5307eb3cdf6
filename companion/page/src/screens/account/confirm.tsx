/** How an address is confirmed, which is another thing where no mail leaves the companion. */
import type { ComponentChildren } from 'preact';
import { post } from '../../core/api';
import { useAtom } from '../../core/atom';
import { useLoad } from '../../core/load';
import { user } from '../../core/session';
import { t } from '../../core/texts';
import { Button, LinkButton } from '../../parts/button';
import { say } from '../../parts/toast';

/** What to do, and the button for it; null for who has confirmed theirs, or while that is not known. */
export function useConfirm(): { text: string; action: ComponentChildren } | null {
  const me = useAtom(user);
  const ways = useLoad<{ mails: boolean }>('/sign-in').data;
  if (!me || me.verified || !ways) return null;
  const again = (done: string) => () => post('/account/verification').then(() => say(done));
  if (ways.mails) return { text: t('confirm.mailed', { email: me.email }), action: <Button work={again(t('account.mailed'))}>{t('account.resend')}</Button> };
  if (me.access === 'admin') return { text: t('confirm.kept.admin', { email: me.email }), action: <LinkButton href="/admin">{t('confirm.where')}</LinkButton> };
  return { text: t('confirm.kept', { email: me.email }), action: <Button work={again(t('confirm.asked'))}>{t('confirm.ask')}</Button> };
}
