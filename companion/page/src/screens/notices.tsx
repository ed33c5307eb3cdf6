/** What you should know, newest first; which of it is mailed, too. */
import { post, put, remove } from '../core/api';
import { ago, capital, moment } from '../core/format';
import { invalidate, keep, useList, useLoad } from '../core/load';
import { useQuery } from '../core/router';
import { t, tOr } from '../core/texts';
import { Button } from '../parts/button';
import { SearchField, Segments, Sorter, Tick } from '../parts/field';
import { Icon, type IconName } from '../parts/icon';
import { Screen } from '../parts/screen';
import { Bones, Empty, Shown, ShownList } from '../parts/state';

interface Notice {
  id: string;
  kind: string;
  text: string;
  link: string;
  at: number;
  read: number | null;
}

const ICONS: Record<string, IconName> = { project: 'projects', box: 'boxes', track: 'library', upload: 'upload', security: 'shield', export: 'download', tier: 'info' };

export function Notices() {
  const [which, setWhich] = useQuery('show', 'all');
  const [search, setSearch] = useQuery('q');
  const [sort, setSort] = useQuery('sort', '-added');
  const list = useList<Notice>('/notices', { search, sort, unread: which === 'unread' ? true : undefined }, 50);
  const readAll = async () => {
    await post('/notices/read');
    invalidate('/notices');
  };
  const open = (one: Notice) => {
    if (one.read === null) void post(`/notices/${one.id}/read`).then(() => invalidate('/notices'));
  };
  return (
    <Screen
      title={t('nav.notices')}
      actions={
        list.rows?.some((one) => one.read === null) && (
          <Button icon="check" work={readAll}>
            {t('notices.readAll')}
          </Button>
        )
      }
    >
      <div class="tools">
        <SearchField value={search} onValue={setSearch} label={t('notices.search')} />
        <Segments
          label={t('notices.which')}
          value={which}
          options={[
            ['all', t('notices.all')],
            ['unread', t('notices.unread')],
          ]}
          onValue={setWhich}
        />
        <span class="gap" />
        <Sorter
          value={sort}
          options={[
            ['-added', t('notices.sort.newest')],
            ['added', t('notices.sort.oldest')],
          ]}
          onValue={setSort}
        />
      </div>
      <ShownList
        of={list}
        bones={<Bones widths={[100, 100, 100]} height={44} />}
        empty={
          search ? (
            <Empty title={t('notices.notFound', { text: search })} />
          ) : (
            <Empty title={t('notices.none')}>
              <p>{t('notices.none.text')}</p>
            </Empty>
          )
        }
      >
        {(rows) => (
          <ul class="rows links">
            {rows.map((one) => (
              <li key={one.id}>
                <span class={one.read === null ? 'notice-mark new' : 'notice-mark'}>
                  <Icon name={ICONS[one.kind.split('.')[0] ?? ''] ?? 'info'} />
                </span>
                <a class="grow stretched clamp" href={one.link} onClick={() => open(one)}>
                  {one.read === null && <span class="unseen">{t('notices.new')} </span>}
                  {capital(one.text)}
                </a>
                <span class="end">
                  <time class="small faint" title={moment(one.at)}>
                    {ago(one.at)}
                  </time>
                  <Button
                    kind="quiet"
                    size="tiny"
                    icon="close"
                    label={t('notices.delete', { text: one.text })}
                    class="above"
                    work={async () => {
                      await remove(`/notices/${one.id}`);
                      invalidate('/notices');
                    }}
                  />
                </span>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
      <MailChoices />
    </Screen>
  );
}

interface Preference {
  kind: string;
  about: string;
  mail: boolean;
}

function MailChoices() {
  const all = useLoad<Preference[]>('/notices/mail');
  return (
    <section class="below">
      <h2>{t('notices.mail')}</h2>
      <p class="soft">{t('notices.mail.text')}</p>
      <Shown of={all} bones={<Bones widths={[40, 46, 38]} />}>
        {(preferences) => (
          <div class="ticks">
            {preferences.map((one) => (
              <Tick
                key={one.kind}
                label={tOr(`notice.${one.kind}`, one.kind)}
                checked={one.mail}
                onChange={async (event) => {
                  keep('/notices/mail', await put(`/notices/mail/${one.kind}`, { mail: event.currentTarget.checked }));
                }}
              />
            ))}
          </div>
        )}
      </Shown>
    </section>
  );
}
