/** The music of a project, in its order; and its notes. */
import { useEffect } from 'preact/hooks';
import { patch, post, remove } from '../../core/api';
import { invalidate, useLoad } from '../../core/load';
import { clock } from '../../core/format';
import { edit } from '../../core/outbox';
import { play, player, toggle } from '../../core/player';
import { useAtom } from '../../core/atom';
import { t } from '../../core/texts';
import { artworkOf, playable, waveformOf, type TrackRow } from '../../core/tracks';
import { Artwork } from '../../parts/artwork';
import { Button } from '../../parts/button';
import { Icon } from '../../parts/icon';
import { InPlace } from '../../parts/inplace';
import { Menu } from '../../parts/menu';
import { Empty, Shown } from '../../parts/state';
import { say } from '../../parts/toast';
import { Wave } from '../../parts/waveform';
import { followHead, headOf } from '../../shell/playerbar';
import { chooseFiles, dropInto } from '../../shell/tray';
import type { PartProps } from '../project';

export interface Item {
  id: string;
  kind: string;
  subject: string;
  name: string;
  position: number;
  adder: string;
  adder_name: string;
}

export function Music({ project, writes }: PartProps) {
  const path = `/projects/${project.id}/items`;
  const items = useLoad<Item[]>(path);
  const renew = () => invalidate(path, '/projects?');
  const attach = (subject: string) => void post(path, { kind: 'track', subject }).then(renew, renew);
  useEffect(() => {
    if (!writes) return undefined;
    dropInto.set({ purpose: {}, then: attach });
    return () => dropInto.set({ purpose: {} });
  }, [path, writes]);
  const upload = (
    <Button kind="primary" icon="upload" onClick={() => chooseFiles({ purpose: { purpose: 'track' }, then: attach }, 'audio/*')}>
      {t('project.upload')}
    </Button>
  );
  return (
    <div class="track-columns">
      <section>
        <Shown of={items}>
          {(rows) =>
            rows.length === 0 ? (
              <Empty title={t('project.noMusic')} actions={writes && upload}>
                <p>{t(writes ? 'project.noMusic.text' : 'project.noMusic.viewer')}</p>
              </Empty>
            ) : (
              <>
                <ul class="rows links">
                  {rows.map((one, at) => (
                    <ItemRow key={one.id} item={one} at={at} last={at === rows.length - 1} path={path} writes={writes} renew={renew} />
                  ))}
                </ul>
                {writes && (
                  <div class="tools after">
                    {upload}
                    <span class="small faint">{t('project.addHint')}</span>
                  </div>
                )}
              </>
            )
          }
        </Shown>
      </section>
      <section class="tags" aria-label={t('project.notes')}>
        <h2>{t('project.notes')}</h2>
        <InPlace
          long
          label={t('project.notes')}
          placeholder={t('project.notes.none')}
          value={project.notes}
          maxLength={20_000}
          disabled={!writes}
          save={async (notes) => {
            if (await edit(`/projects/${project.id}`, { notes })) invalidate(`/projects/${project.id}`);
            else say(t('outbox.kept'));
          }}
        />
      </section>
    </div>
  );
}

function ItemRow({ item, at, last, path, writes, renew }: { item: Item; at: number; last: boolean; path: string; writes: boolean; renew: () => void }) {
  const track = useLoad<TrackRow>(item.kind === 'track' ? `/tracks/${item.subject}` : null).data;
  const { track: now, playing } = useAtom(player);
  const mine = now?.id === item.subject;
  const move = (position: number) => patch(`${path}/${item.id}`, { position }).then(renew);
  return (
    <li>
      <button
        type="button"
        class="cover-play above"
        disabled={!track}
        aria-label={t(mine && playing ? 'player.pauseOf' : 'player.playOf', { title: item.name })}
        onClick={() => track && (mine ? toggle() : play(playable(track)))}
      >
        <Artwork seed={item.subject} src={track && artworkOf(track.artwork)} size={40} />
        <span class="over">
          <Icon name={mine && playing ? 'pause' : 'play'} size={16} />
        </span>
      </button>
      <span class="grow">
        <a class="stretched name cut" href={`/library/${item.subject}`}>
          {item.name}
        </a>
        <span class="small soft sub cut">{t('project.broughtBy', { who: item.adder_name })}</span>
      </span>
      <span class="mini wide-only">
        {track && <Wave peaks={waveformOf(track.recording)} seconds={track.seconds} coarse bars head={headOf(track.id)} subscribe={mine ? followHead : undefined} />}
      </span>
      <span class="end">
        <span class="small faint figures">{track && clock(track.seconds)}</span>
        {writes && (
          <span class="above">
            <Menu
              label={t('library.menu', { title: item.name })}
              choices={[
                ...(at > 0 ? [{ label: t('project.up'), icon: 'left' as const, run: () => move(at - 1) }] : []),
                ...(!last ? [{ label: t('project.down'), icon: 'right' as const, run: () => move(at + 1) }] : []),
                { label: t('project.detach'), icon: 'close', bad: true, run: () => remove(`${path}/${item.id}`).then(renew) },
              ]}
            />
          </span>
        )}
      </span>
    </li>
  );
}
