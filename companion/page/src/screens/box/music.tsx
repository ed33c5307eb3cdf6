/** The music that a box is to have: lists that it holds ready, files of both directions. */
import { call } from '../../core/api';
import type { Box } from '../../core/boxes';
import { ago, moment } from '../../core/format';
import { placeOf, type HeldList } from '../../core/lists';
import { invalidate, useList } from '../../core/load';
import { calledSet } from '../../core/sets';
import { t } from '../../core/texts';
import { LinkButton } from '../../parts/button';
import { ask } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Menu } from '../../parts/menu';
import { Bones, Empty, Progress, ShownList } from '../../parts/state';
import { Files } from './files';

export function Music({ box }: { box: Box }) {
  const path = `/boxes/${box.id}`;
  const lists = useList<HeldList>(`${path}/lists`, {}, 20);
  return (
    <div class="stack">
      <section>
        <h2 class="lead-in">{t('held.title')}</h2>
        <ShownList
          of={lists}
          bones={<Bones widths={[100, 100]} height={44} />}
          empty={
            <Empty
              title={t('held.none')}
              actions={
                <>
                  <LinkButton icon="playlists" href="/playlists">
                    {t('held.fromPlaylist')}
                  </LinkButton>
                  <LinkButton icon="library" href="/library">
                    {t('held.fromLibrary')}
                  </LinkButton>
                </>
              }
            >
              <p>{t('held.none.text')}</p>
            </Empty>
          }
        >
          {(rows) => (
            <ul class="rows links held">
              {rows.map((one) => (
                <OneList key={one.list} held={one} box={box} />
              ))}
            </ul>
          )}
        </ShownList>
      </section>
      <Files path={path} online={box.online} />
    </div>
  );
}

function OneList({ held, box }: { held: HeldList; box: Box }) {
  const { list, files, there, full, missing, sent } = held;
  const title = calledSet(held.title);
  const coming = held.state === 'sending' || there < files;
  const drop = async () => {
    if (!(await ask({ title: t('held.withdraw.title', { title }), text: t('held.withdraw.text', { name: box.name }), yes: t('held.withdraw') }))) return;
    await call('DELETE', `/boxes/${box.id}/lists/${list}`);
    invalidate(`/boxes/${box.id}/lists`);
  };
  return (
    <li>
      <Icon name={held.of === 'set' ? 'sets' : 'playlists'} />
      <span class="grow">
        <a class="stretched name cut" href={placeOf(held)}>
          {title}
        </a>
        <span class="small soft sub figures">{[t('held.there', { there, n: files }), full > 0 && t('held.full', { n: full }), missing > 0 && t('held.missing', { n: missing })].filter(Boolean).join(' · ')}</span>
        {coming && <Progress value={files ? there / files : 0} label={t('held.progress', { title })} state={full > 0 ? 'failed' : ''} />}
      </span>
      <span class={`chip ${full > 0 ? 'bad' : coming ? '' : 'good'}`}>{t(full > 0 ? 'fileState.disk full' : !coming ? 'held.ready' : box.online ? 'held.coming' : 'fileState.away')}</span>
      <time class="end small faint wide-only" title={moment(sent)}>
        {ago(sent)}
      </time>
      <span class="above">
        <Menu label={t('held.menu', { title })} choices={[{ label: t('held.withdraw'), icon: 'trash', run: drop }]} />
      </span>
    </li>
  );
}
