/** Invitations that nobody has followed yet. */
import { remove } from '../core/api';
import { moment } from '../core/format';
import { invalidate } from '../core/load';
import { t, tOr } from '../core/texts';
import { Button } from '../parts/button';

export interface Invitation {
  id: string;
  email: string;
  role?: string; // in a project
  expires: number;
}

export function Invited({ path, open, title }: { path: string; open: Invitation[]; title: string }) {
  if (!open.length) return null;
  return (
    <section class="below">
      <h2>{title}</h2>
      <ul class="rows">
        {open.map((one) => (
          <li key={one.id}>
            <span class="grow cut">
              {one.email}
              <span class="small faint sub">{t('people.until', { when: moment(one.expires) })}</span>
            </span>
            {one.role && <span class="chip line">{tOr(`role.${one.role}`, one.role)}</span>}
            <Button kind="quiet" icon="close" label={t('people.withdraw', { email: one.email })} work={() => remove(`${path}/${one.id}`).then(() => invalidate(path))} />
          </li>
        ))}
      </ul>
    </section>
  );
}
