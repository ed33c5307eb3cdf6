/** The page begins here. */
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { useAtom } from './core/atom';
import { go, place } from './core/router';
import { findSession, user } from './core/session';
import { keepInvitation } from './core/invitation';
import { startOutbox } from './core/outbox';
import { startRenewing } from './core/renew';
import { startTheme } from './core/theme';
import { eject } from './core/player';
import { leaveAll } from './core/uploads';
import { failed } from './parts/toast';
import { Shell } from './shell/shell';
import { isOpenToAll, refusal, Sign } from './screens/sign';

function Page() {
  const me = useAtom(user);
  const { path, search } = useAtom(place);
  useEffect(() => {
    if (me === null) {
      eject();
      leaveAll();
      // an invitation's secret follows the #; it waits here until somebody is signed in, and goes to no server
      if (path === '/invitations' && location.hash) keepInvitation(location.hash.slice(1));
      if (!isOpenToAll(path)) go(path === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(path + search)}`, true);
    } else if (me && path === '/sign-in' && refusal()) {
      // another site sent somebody back who wanted to link their account there
      failed(new Error(refusal()));
      go('/account/security', true);
    } else if (me && (path === '/sign-in' || path === '/sign-up')) {
      const next = new URLSearchParams(search).get('next') ?? '/';
      go(/^\/(?![/\\])/.test(next) ? next : '/', true); // a path of ours, nothing else
    }
  }, [me, path, search]);
  if (isOpenToAll(path) && (me === null || !['/sign-in', '/sign-up'].includes(path))) return <Sign path={path} />;
  return me ? <Shell /> : null;
}

startTheme();
startRenewing();
startOutbox(failed);
const root = document.getElementById('page')!;
void findSession(isOpenToAll(location.pathname));
render(<Page />, root);
if ('serviceWorker' in navigator && location.protocol !== 'file:')
  addEventListener('load', () => navigator.serviceWorker.register('/sw.js').catch(() => undefined));
