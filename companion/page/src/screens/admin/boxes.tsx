/** Everybody's boxes. */
import type { Box } from '../../core/boxes';
import { ago } from '../../core/format';
import { useList } from '../../core/load';
import { useQuery } from '../../core/router';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { SearchField } from '../../parts/field';
import { Bones, Empty, Trouble } from '../../parts/state';

export function AllBoxes() {
  const [search, setSearch] = useQuery('q');
  const list = useList<Box & { owner_name: string }>('/admin/boxes', { search }, 50);
  const rows = list.rows;
  return (
    <>
      <div class="tools">
        <SearchField value={search} onValue={setSearch} label={t('boxes.search')} />
      </div>
      {list.problem && !rows && <Trouble problem={list.problem} retry={list.reload} />}
      {!rows && !list.problem && <Bones height={36} />}
      {rows?.length === 0 &&
        (search ? (
          <Empty title={t('boxes.notFound', { text: search })} />
        ) : (
          <Empty title={t('boxes.noneAtAll')}>
            <p>{t('boxes.noneAtAll.text')}</p>
          </Empty>
        ))}
      <ul class="rows">
        {rows?.map((one) => (
          <li key={one.id}>
            <span class={`dot ${one.online ? 'good' : ''}`} />
            <span class="grow">
              {one.name}
              <span class="small faint sub cut">
                {one.model} · {one.owner_name || t('boxes.nobody')}
              </span>
            </span>
            <span class="small soft">{one.online ? t('boxes.online') : one.seen ? t('boxes.offline', { when: ago(one.seen) }) : t('boxes.never')}</span>
          </li>
        ))}
      </ul>
      {!list.done && <Button onClick={list.more}>{t('do.more')}</Button>}
    </>
  );
}
