/** Being asked to a project by a mailed link: its secret waits here until somebody is signed in. */
import { post } from './api';

export interface Offered {
  id: string;
  email: string;
  role: string;
  title: string;
  inviter_name: string;
  expires: number;
}

const NAME = 'invitation';

/** Keep a secret while this window is open; an empty one forgets it. */
export function keepInvitation(secret: string): void {
  if (secret) sessionStorage.setItem(NAME, secret);
  else sessionStorage.removeItem(NAME);
}

export const keptInvitation = (): string => sessionStorage.getItem(NAME) ?? '';

let looked: { secret: string; at: Promise<Offered> } | undefined;

/** What a secret invites to, asked for once; ApiError when it is not valid any more. */
export function lookAt(secret: string): Promise<Offered> {
  if (looked?.secret !== secret) {
    const at = post<Offered>('/project-invitations/look', { secret });
    looked = { secret, at };
    at.catch(() => (looked = undefined));
  }
  return looked.at;
}
