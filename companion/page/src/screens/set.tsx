/** A set: its recording, its tracklist with times, what is written about it. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { BASE, patch } from '../core/api';
import { useAtom } from '../core/atom';
import { bytes, clock, decibels, hertz, moment } from '../core/format';
import { drop as erase, invalidate, useLoad } from '../core/load';
import { play, player, seek, toggle } from '../core/player';
import { go } from '../core/router';
import { calledSet, heardOf, isUnnamed, lastsNow, type SetWhole } from '../core/sets';
import { t, tOr } from '../core/texts';
import { Button, LinkButton } from '../parts/button';
import { ask } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { InPlace } from '../parts/inplace';
import { Menu } from '../parts/menu';
import { Screen, ScreenOf } from '../parts/screen';
import { Tracklist, Notes } from './set/document';
import { SendToBox } from './sendtobox';
import { SetState } from './sets';
import { WavePlayer } from './track/waveplayer';

export function SetScreen({ id = '' }: { id?: string }) {
  const loaded = useLoad<SetWhole>(`/sets/${id}`);
  return (
    <ScreenOf of={loaded}>{(set) => <Page set={set} />}</ScreenOf>
  );
}

function Page({ set }: { set: SetWhole }) {
  const { track: now, playing } = useAtom(player);
  const path = `/sets/${set.id}`;
  const sound = heardOf(set);
  const title = calledSet(set.title, set.started);
  const naming = useRef<HTMLDivElement>(null);
  const rename = () => naming.current?.querySelector<HTMLInputElement>('.title')?.select();
  const mine = now?.id === set.id;
  const [sending, setSending] = useState(false);
  const marks = useMemo(() => set.entries.map((one) => ({ start: one.at, end: null, label: one.title, colour: one.deck - 1 })), [set.entries]);
  const save = async (body: Record<string, unknown>) => {
    await patch(path, body);
    invalidate('/sets');
  };
  const drop = async () => {
    if (!(await ask({ title: t('sets.delete', { title }), text: t('sets.delete.text'), yes: t('do.delete'), danger: true }))) return;
    await erase(path);
    go('/sets', true);
    invalidate('/sets');
  };
  return (
    <Screen
      title={title}
      heading={
        <div class="track-name" ref={naming}>
          <h1 class="unseen">{title}</h1>
          <InPlace class="title" label={t('sets.title')} value={title} maxLength={120} save={(name) => save({ title: name || set.title })} />
          <p class="facts-line figures">
            <span>{moment(set.started)}</span>
            <a href={`/boxes/${set.box}`}>{set.box_name}</a>
            <Length set={set} />
            {set.state === 'finished' && <span>{t('sets.tracks', { n: set.tracks })}</span>}
            <SetState set={set} />
            {isUnnamed(set.title) && (
              <Button kind="quiet" size="tiny" icon="edit" onClick={rename}>
                {t('sets.name')}
              </Button>
            )}
          </p>
        </div>
      }
      actions={
        <>
          {sound && (
            <button type="button" class="playbutton big" aria-label={t(mine && playing ? 'player.pause' : 'player.play')} onClick={() => (mine ? toggle() : play(sound))}>
              <Icon name={mine && playing ? 'pause' : 'play'} size={26} />
            </button>
          )}
          {set.state === 'finished' && (
            <Menu
              label={t('sets.menu', { title })}
              choices={[
                { label: t('do.rename'), icon: 'edit', run: rename },
                ...(set.document ? [{ label: t('send.do'), icon: 'boxes' as const, run: () => setSending(true) }] : []),
                { label: t('do.delete'), icon: 'trash', bad: true, run: drop },
              ]}
            />
          )}
        </>
      }
    >
      {sound && <WavePlayer sound={sound} marks={marks} listed />}
      {!sound && <p class="note">{t(set.state === 'playing' ? 'sets.playing.text' : set.recorded ? 'sets.coming.text' : 'sets.unrecorded')}</p>}
      <div class="columns">
        <section aria-label={t('sets.tracklist')}>
          <Tracklist set={set} start={sound ? (at) => (mine ? seek(at) : play(sound, [], at)) : undefined} />
        </section>
        <aside class="stack">
          <section>
            <Notes set={set} save={(notes) => save({ notes })} />
          </section>
          {set.state === 'finished' && <section class="panel" aria-label={t('sets.facts')}>
            <dl class="facts">
              {set.recorded && (
                <>
                  <dt>{t('measure.integrated')}</dt>
                  <dd class="figures">{decibels(set.loudness, 'LUFS')}</dd>
                  <dt>{t('measure.truePeak')}</dt>
                  <dd class="figures">{decibels(set.peak, 'dBTP')}</dd>
                  <dt>{t('sets.rate')}</dt>
                  <dd class="figures">{set.samplerate ? hertz(set.samplerate) : '–'}</dd>
                  {set.dropped > 0 && set.samplerate > 0 && (
                    <>
                      <dt>{t('sets.dropped')}</dt>
                      <dd class="figures bad">{t('sets.dropped.ms', { n: Math.ceil((1000 * set.dropped) / set.samplerate) })}</dd>
                    </>
                  )}
                </>
              )}
              <dt>{t('sets.ended')}</dt>
              <dd class={set.ended && set.ended !== 'stopped' ? 'bad' : ''}>{set.ended ? tOr(`ended.${set.ended}`, set.ended) : '–'}</dd>
            </dl>
            <div class="downloads">
              {set.recording?.file && (
                <LinkButton icon="download" href={`${BASE}${path}/recording?download=true`} download>
                  {t('sets.download', { size: bytes(set.recording.size) })}
                </LinkButton>
              )}
              {set.recording?.file && set.tracks > 0 && (
                <LinkButton icon="download" href={`${BASE}${path}/cue`} download>
                  {t('sets.cue')}
                </LinkButton>
              )}
              {set.log?.file && (
                <LinkButton icon="download" href={`${BASE}${path}/log`} download>
                  {t('sets.log', { size: bytes(set.log.size) })}
                </LinkButton>
              )}
            </div>
          </section>}
        </aside>
      </div>
      {sending && <SendToBox what={{ list: { id: set.document, of: 'set', title } }} onClose={() => setSending(false)} />}
    </Screen>
  );
}

/** How long it is; while it is played, as it grows. */
function Length({ set }: { set: SetWhole }) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (set.state !== 'playing') return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [set.state]);
  return <span>{clock(lastsNow(set))}</span>;
}
