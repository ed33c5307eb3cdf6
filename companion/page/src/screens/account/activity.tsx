/** What was done with the account, as the audit log has it. */
import { ago, moment } from '../../core/format';
import { useList } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Bones, ShownList } from '../../parts/state';
import { Part } from './part';

interface Act {
  id: number;
  at: number;
  action: string;
  address: string;
}

export function Activity() {
  const list = useList<Act>('/account/activity', {}, 10);
  return (
    <Part icon="history" title={t('security.activity')} state={t('security.activity.text')}>
      <ShownList of={list} bones={<Bones height={20} />}>
        {(rows) => (
          <ul class="rows">
            {rows.map((one) => (
              <li key={one.id}>
                <span class="grow">{tOr(`act.${one.action}`, one.action)}</span>
                <span class="small faint figures">{one.address}</span>
                <time class="small faint" title={moment(one.at)}>
                  {ago(one.at)}
                </time>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
    </Part>
  );
}
