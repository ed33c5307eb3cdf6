/** What was done by whom, and whether the log of it is whole. */
import { useState } from 'preact/hooks';
import { get } from '../../core/api';
import { moment } from '../../core/format';
import { useList } from '../../core/load';
import { useQuery } from '../../core/router';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { SearchField } from '../../parts/field';
import { Bones, Empty, ShownList } from '../../parts/state';

interface Row {
  id: number;
  at: number;
  actor: string;
  actor_name: string;
  address: string;
  action: string;
  subject: string;
  subject_name: string;
  detail: Record<string, unknown>;
}
interface Verdict {
  whole: boolean;
  rows: number;
  says: string;
}

export function Audit() {
  const [action, setAction] = useQuery('action');
  const list = useList<Row>('/admin/audit', { action }, 100);
  const [verdict, setVerdict] = useState<Verdict>();
  return (
    <>
      <div class="tools">
        <SearchField value={action} onValue={setAction} label={t('audit.search')} />
        <span class="gap" />
        {verdict && (
          <span class={`chip ${verdict.whole ? 'good' : 'bad'}`} role="status">
            {verdict.says}
          </span>
        )}
        <Button icon="shield" work={async () => setVerdict(await get<Verdict>('/admin/audit/verdict'))}>
          {t('audit.verify')}
        </Button>
      </div>
      <ShownList of={list} bones={<Bones height={28} />} empty={<Empty title={t('audit.none')} />}>
        {(rows) => (
          <div class="table" tabIndex={0} role="region" aria-label={t('admin.audit')}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('audit.at')}</th>
                  <th scope="col">{t('audit.who')}</th>
                  <th scope="col">{t('audit.action')}</th>
                  <th scope="col">{t('audit.subject')}</th>
                  <th scope="col">{t('audit.from')}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((one) => (
                  <tr key={one.id}>
                    <td class="figures soft">{moment(one.at)}</td>
                    <td>{one.actor_name || <span class="faint">{t('jobs.own')}</span>}</td>
                    <td>
                      <code>{one.action}</code>
                    </td>
                    <td class="soft" title={JSON.stringify(one.detail)}>
                      {one.subject_name || <code>{one.subject}</code>}
                    </td>
                    <td class="figures soft">{one.address}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </ShownList>
    </>
  );
}
