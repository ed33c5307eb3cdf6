/** Versions and stems: which is played, what each is. */
import { get, patch, put, remove } from '../../core/api';
import { ago, bytes, decibels, moment, upper } from '../../core/format';
import { invalidate } from '../../core/load';
import { play, player, toggle } from '../../core/player';
import { useAtom } from '../../core/atom';
import { t, tOr } from '../../core/texts';
import { audioOf, KINDS, playable, waveformOf, type Recording, type Track } from '../../core/tracks';
import { Button } from '../../parts/button';
import { ask } from '../../parts/dialog';
import { InPlace } from '../../parts/inplace';
import { Menu } from '../../parts/menu';
import { failed, say } from '../../parts/toast';
import { chooseFiles } from '../../shell/tray';

/** A new version is the one that is played from now on: say so, and let that be taken back. */
export async function tellVersion(id: string, added: string): Promise<void> {
  invalidate('/tracks');
  const track = await get<Track>(`/tracks/${id}`);
  const now = track.recordings.find((one) => one.id === added);
  const before = track.recordings.find((one) => one.id !== added && one.kind !== 'stem');
  if (!now || !before || track.recording !== added) return;
  say(t('versions.nowPlayed', { n: now.number }), {
    label: t('versions.useOld', { n: before.number }),
    run: () => put(`/tracks/${id}/recording`, { recording: before.id }).then(() => invalidate('/tracks')),
  });
}

export function Versions({ track }: { track: Track }) {
  const { track: now, playing } = useAtom(player);
  const renew = () => invalidate('/tracks');
  const path = (one: Recording) => `/tracks/${track.id}/recordings/${one.id}`;
  const listen = (one: Recording) => {
    if (now?.audio === audioOf(one.id)) return toggle();
    play({ ...playable(track), audio: audioOf(one.id), peaks: waveformOf(one.id), seconds: one.facts.seconds ?? track.seconds });
  };
  const drop = async (one: Recording) => {
    if (!(await ask({ title: t('versions.delete', { n: one.number }), text: t('versions.delete.text'), yes: t('do.delete'), danger: true }))) return;
    await remove(path(one));
    renew();
  };
  return (
    <section>
      <div class="tools">
        <h2>{t('versions.title')}</h2>
        <span class="gap" />
        {track.own && (
          <>
            <Button size="tiny" icon="plus" onClick={() => chooseFiles({ purpose: { purpose: 'version', subject: track.id }, then: (added) => void tellVersion(track.id, added) }, 'audio/*')}>
              {t('versions.add')}
            </Button>
            <Button size="tiny" icon="plus" onClick={() => chooseFiles({ purpose: { purpose: 'stem', subject: track.id }, then: renew }, 'audio/*')}>
              {t('versions.addStem')}
            </Button>
          </>
        )}
      </div>
      <ul class="rows">
        {track.recordings.map((one) => {
          const current = one.id === track.recording;
          const sounds = now?.audio === audioOf(one.id) && playing;
          return (
            <li key={one.id}>
              <Button kind="quiet" icon={sounds ? 'pause' : 'play'} label={t(sounds ? 'versions.pause' : 'versions.play', { n: one.number })} onClick={() => listen(one)} />
              <span class="grow">
                <span class="version-line">
                  <select
                    class="inplace fit"
                    aria-label={t('versions.kind', { n: one.number })}
                    value={one.kind}
                    disabled={!track.own}
                    onChange={(event) => void patch(path(one), { kind: event.currentTarget.value }).then(renew, failed)}
                  >
                    {KINDS.map((kind) => (
                      <option key={kind} value={kind}>
                        {tOr(`kind.${kind}`, kind)}
                      </option>
                    ))}
                  </select>
                  <InPlace label={t('versions.label', { n: one.number })} placeholder={t('versions.noLabel')} value={one.label} maxLength={100} disabled={!track.own} save={(label) => patch(path(one), { label }).then(renew)} />
                </span>
                <span class="small faint sub figures cut">
                  {t('versions.number', { n: one.number })} · {upper(one.format)} · {bytes(one.size)} · {decibels(one.facts.loudness?.integrated, 'LUFS')} · <time title={moment(one.created)}>{ago(one.created)}</time>
                </span>
              </span>
              {current ? (
                <span class="chip accent">{t('versions.current')}</span>
              ) : (
                one.kind !== 'stem' &&
                track.own && (
                  <Button size="tiny" work={() => put(`/tracks/${track.id}/recording`, { recording: one.id }).then(renew)}>
                    {t('versions.use')}
                  </Button>
                )
              )}
              <Menu
                label={t('versions.menu', { n: one.number })}
                choices={[
                  { label: t('track.download'), icon: 'download', run: () => location.assign(`${audioOf(one.id)}?download=true`) },
                  ...(track.own && !current ? [{ label: t('do.delete'), icon: 'trash' as const, bad: true, run: () => drop(one) }] : []),
                ]}
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}
