/** What was done with the account, as the audit log has it. */
import { ago, moment } from '../../core/format';
import { useList } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { Bones, Trouble } from '../../parts/state';
import { Part } from './part';

interface Act {
  id: number;
  at: number;
  action: string;
  address: string;
}

export function Activity() {
  const { rows, problem, done, more, reload } = useList<Act>('/account/activity', {}, 10);
  return (
    <Part icon="history" title={t('security.activity')} state={t('security.activity.text')}>
      {!rows && (problem ? <Trouble problem={problem} retry={reload} /> : <Bones height={20} />)}
      <ul class="rows">
        {rows?.map((one) => (
          <li key={one.id}>
            <span class="grow">{tOr(`act.${one.action}`, one.action)}</span>
            <span class="small faint figures">{one.address}</span>
            <time class="small faint" title={moment(one.at)}>
              {ago(one.at)}
            </time>
          </li>
        ))}
      </ul>
      {!done && <Button onClick={more}>{t('do.more')}</Button>}
    </Part>
  );
}
