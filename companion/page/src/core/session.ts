/** Who is signed in. */
import { atom, remembered } from './atom';
import { ApiError, get, onSignedOut, remove, setCsrf } from './api';
import { forgetAll } from './load';
import { startLive, stopLive } from './live';
import { forgetDocuments } from './unsent';

export interface User {
  id: string;
  email: string;
  name: string;
  access: 'collaborator' | 'artist' | 'admin';
  tier: string;
  created: number;
  verified: boolean;
  leaving: number | null;
}

export interface Session {
  user: User | null; // null: a second step is asked for
  csrf: string;
  challenge: string;
}

/** Whether somebody was signed in with this browser when it was last open. */
const was = remembered('signed', false);

/** undefined: not known yet; null: nobody. */
export const user = atom<User | null | undefined>(undefined);

/** Take a session that the server opened. */
export function begin(session: Session): void {
  setCsrf(session.csrf);
  user.set(session.user);
  was.set(session.user !== null);
  startLive();
}

function end(): void {
  const whose = user.get()?.id;
  if (whose) forgetDocuments(whose);
  stopLive();
  setCsrf('');
  forgetAll();
  void navigator.serviceWorker?.getRegistration().then((one) => one?.active?.postMessage('forget')); // a page loaded past it has no controller
  user.set(null);
  was.set(false);
}

/** Ask who is signed in; at a door only where somebody was, as the answer is known otherwise.
 *
 * Where nobody was, another site may have signed them in meanwhile: that is asked in a way that is no error.
 */
export async function findSession(atDoor: boolean): Promise<void> {
  onSignedOut(end);
  if (atDoor && !was.get()) return user.set(null);
  try {
    if (!was.get() && !(await get<{ signed_in: boolean }>('/sign-in')).signed_in) return end();
    begin(await get<Session>('/session'));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.problem.status === 401) end();
    else user.set(null);
  }
}

export async function renewUser(): Promise<void> {
  user.set(await get<User>('/account'));
}

export async function signOut(): Promise<void> {
  stopLive(); // or it would tell of the sign-out, and the page ask what is new with a session that is over
  try {
    await remove('/session');
  } catch (error) {
    startLive();
    throw error;
  }
  end();
}
