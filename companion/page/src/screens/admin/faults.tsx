/** What went wrong on everybody's boxes: crashes, and the logs that were fetched. */
import { BASE } from '../../core/api';
import type { Crash } from '../../core/boxes';
import { ago, bytes, moment } from '../../core/format';
import { useList } from '../../core/load';
import { t } from '../../core/texts';
import { LinkButton } from '../../parts/button';
import { Icon } from '../../parts/icon';
import { Bones, ShownList } from '../../parts/state';
import { CrashRows } from '../crashes';

interface OfBox {
  box_name: string;
  owner_name: string;
}

interface Logs extends OfBox {
  id: string;
  name: string;
  size: number;
  came: number;
}

export function Faults() {
  const crashes = useList<Crash & OfBox>('/admin/crashes', {}, 20);
  const logs = useList<Logs>('/admin/logs', {}, 20);
  return (
    <div class="stack">
      <section>
        <h2 class="lead-in">{t('box.crashes')}</h2>
        <ShownList of={crashes} bones={<Bones height={36} />} empty={<p class="soft">{t('faults.noCrashes')}</p>}>
          {(rows) => <CrashRows rows={rows} path="/admin/crashes" />}
        </ShownList>
      </section>
      <section>
        <h2>{t('faults.logs')}</h2>
        <p class="small faint lead-in">{t('faults.logs.text')}</p>
        <ShownList
          of={logs}
          bones={<Bones height={36} />}
          empty={<p class="soft">{t('faults.noLogs')}</p>}
        >
          {(rows) => (
            <ul class="rows">
              {rows.map((one) => (
                <li key={one.id}>
                  <Icon name="file" />
                  <span class="grow">
                    <span class="cut">{one.box_name || one.name}</span>
                    <span class="small soft sub cut figures">{[one.owner_name, one.box_name && one.name, bytes(one.size)].filter(Boolean).join(' · ')}</span>
                  </span>
                  <time class="end small faint" title={moment(one.came)}>
                    {ago(one.came)}
                  </time>
                  <LinkButton kind="quiet" class="icon" icon="download" href={`${BASE}/admin/logs/${one.id}/content`} download aria-label={t('boxFiles.save', { name: one.name })} title={t('data.download')} />
                </li>
              ))}
            </ul>
          )}
        </ShownList>
      </section>
    </div>
  );
}
