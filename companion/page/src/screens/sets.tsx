/** Sets: what the boxes played, found, sorted, heard. */
import { useAtom } from '../core/atom';
import type { Box } from '../core/boxes';
import { ago, clock, moment } from '../core/format';
import { useList, useLoad } from '../core/load';
import { play, player, toggle } from '../core/player';
import { useQuery } from '../core/router';
import { calledSet, heardOf, lastsNow, type SetRow } from '../core/sets';
import { t } from '../core/texts';
import { Artwork } from '../parts/artwork';
import { LinkButton } from '../parts/button';
import { SearchField, Sorter } from '../parts/field';
import { Icon } from '../parts/icon';
import { Screen } from '../parts/screen';
import { Bones, Empty, ShownList } from '../parts/state';
import { Wave } from '../parts/waveform';
import { followHead, headOf } from '../shell/playerbar';

export function Sets() {
  const [search, setSearch] = useQuery('q');
  const [sort, setSort] = useQuery('sort', 'started');
  const [box, setBox] = useQuery('box');
  const boxes = useLoad<Box[]>('/boxes').data ?? [];
  const list = useList<SetRow>('/sets', { search, sort, box }, 50);
  const untouched = list.rows?.length === 0 && !search && !box;
  return (
    <Screen title={t('nav.sets')}>
      {!untouched && (
        <div class="tools">
          <SearchField value={search} onValue={setSearch} label={t('sets.search')} />
          {(boxes.length > 1 || box) && (
            <select class="input fit" aria-label={t('sets.box')} value={box} onChange={(event) => setBox(event.currentTarget.value)}>
              <option value="">{t('sets.anyBox')}</option>
              {boxes.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          )}
          <span class="gap" />
          <Sorter
            value={sort}
            options={[
              ['started', t('sets.sort.started')],
              ['length', t('sets.sort.length')],
              ['title', t('track.title')],
            ]}
            onValue={setSort}
          />
        </div>
      )}
      <ShownList
        of={list}
        bones={<Bones height={44} />}
        empty={
          untouched ? (
            <NoSets boxes={boxes.length} />
          ) : (
            <Empty title={search ? t('sets.notFound', { text: search }) : t('sets.noneHere')}>
              <p>{t(search ? 'sets.notFound.text' : 'sets.noneHere.text')}</p>
            </Empty>
          )
        }
      >
        {(rows) => <SetRows sets={rows} />}
      </ShownList>
    </Screen>
  );
}

function NoSets({ boxes }: { boxes: number }) {
  return (
    <Empty title={t('sets.none')} actions={boxes === 0 && <LinkButton href="/boxes?claim=1">{t('boxes.claim')}</LinkButton>}>
      <p>{t('sets.none.text')}</p>
    </Empty>
  );
}

/** Sets as rows, each with what can be heard of it. */
export function SetRows({ sets, ofBox }: { sets: SetRow[]; ofBox?: boolean }) {
  const { track, playing } = useAtom(player);
  return (
    <ul class="rows links sets">
      {sets.map((one) => {
        const sound = heardOf(one);
        const title = calledSet(one.title, one.started);
        const sounds = track?.id === one.id && playing;
        return (
          <li key={one.id}>
            {sound ? (
              <button
                type="button"
                class="cover-play above"
                aria-label={t(sounds ? 'player.pauseOf' : 'player.playOf', { title })}
                onClick={() => (track?.id === one.id ? toggle() : play(sound, sets.flatMap((other) => heardOf(other) ?? [])))}
              >
                <Artwork seed={one.id} size={36} />
                <span class="over">
                  <Icon name={sounds ? 'pause' : 'play'} size={16} />
                </span>
              </button>
            ) : (
              <Artwork seed={one.id} size={36} />
            )}
            <span class="grow">
              <a class="stretched name cut" href={`/sets/${one.id}`}>
                {title}
              </a>
              <span class="small soft sub cut figures">
                {[!ofBox && one.box_name, one.state === 'finished' && t('sets.tracks', { n: one.tracks }), clock(lastsNow(one))].filter(Boolean).join(' · ')}
              </span>
            </span>
            {sound && (
              <span class="mini wide-only">
                <Wave peaks={sound.peaks} seconds={one.seconds} coarse bars head={headOf(one.id)} subscribe={track?.id === one.id ? followHead : undefined} />
              </span>
            )}
            <SetState set={one} />
            <time class="end small faint" title={moment(one.started)}>
              {ago(one.started)}
            </time>
          </li>
        );
      })}
    </ul>
  );
}

/** Whether it is being played, and where its recording is. */
export function SetState({ set }: { set: SetRow }) {
  if (set.state === 'playing') return <span class="chip accent">{t('sets.live')}</span>;
  if (set.recorded && !set.recording?.file) return <span class="chip line wide-only">{t('sets.coming')}</span>;
  return null;
}
