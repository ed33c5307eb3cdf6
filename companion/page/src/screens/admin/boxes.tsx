/** Everybody's boxes. */
import type { Box } from '../../core/boxes';
import { ago } from '../../core/format';
import { useList } from '../../core/load';
import { useQuery } from '../../core/router';
import { t } from '../../core/texts';
import { SearchField } from '../../parts/field';
import { Bones, Empty, ShownList } from '../../parts/state';

export function AllBoxes() {
  const [search, setSearch] = useQuery('q');
  const list = useList<Box & { owner_name: string }>('/admin/boxes', { search }, 50);
  return (
    <>
      <div class="tools">
        <SearchField value={search} onValue={setSearch} label={t('boxes.search')} />
      </div>
      <ShownList
        of={list}
        bones={<Bones height={36} />}
        empty={
          search ? (
            <Empty title={t('boxes.notFound', { text: search })} />
          ) : (
            <Empty title={t('boxes.noneAtAll')}>
              <p>{t('boxes.noneAtAll.text')}</p>
            </Empty>
          )
        }
      >
        {(rows) => (
          <ul class="rows">
            {rows.map((one) => (
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
        )}
      </ShownList>
    </>
  );
}
