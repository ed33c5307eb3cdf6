/** A track: its sound, what is known of it, what is written on it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { post, put } from '../core/api';
import { useAtom } from '../core/atom';
import { clock, decibels, hertz, moment, upper } from '../core/format';
import { invalidate, useLoad } from '../core/load';
import { edit, outbox } from '../core/outbox';
import { play, player, renew, toggle } from '../core/player';
import { go } from '../core/router';
import { t } from '../core/texts';
import { artworkOf, audioOf, playable, type Marker, type Track } from '../core/tracks';
import { send } from '../core/uploads';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { InPlace } from '../parts/inplace';
import { Menu } from '../parts/menu';
import { Numbers, type NumberRow } from '../parts/numbers';
import { Screen, ScreenOf } from '../parts/screen';
import { say } from '../parts/toast';
import { chooseFiles, dropInto } from '../shell/tray';
import { AddToPlaylist } from './addtoplaylist';
import { AddToProject } from './addtoproject';
import { bin } from './library';
import { SendToBox } from './sendtobox';
import { Measures } from './track/measures';
import { Tags } from './track/tags';
import { tellVersion, Versions } from './track/versions';
import { WavePlayer } from './track/waveplayer';

export function TrackScreen({ id = '' }: { id?: string }) {
  const path = `/tracks/${id}`;
  const loaded = useLoad<Track>(path);
  useEffect(() => {
    dropInto.set({ purpose: { purpose: 'version', subject: id }, then: (added) => void tellVersion(id, added) });
    return () => dropInto.set({ purpose: {} });
  }, [id]);
  return (
    <ScreenOf of={loaded}>{(track) => <Page track={track} />}</ScreenOf>
  );
}

/** Where tempo or key are from. */
function said({ analysis, ...track }: Track, of: 'tempo' | 'key'): string {
  const value = track[of];
  if (analysis.state === 'waiting') return t('track.analysing');
  if (!value) return t('track.notKnown');
  if (analysis.found.some((one) => one[of] === value)) return t('track.found');
  return t('track.inTags');
}

function Page({ track: told }: { track: Track }) {
  const waiting = useAtom(outbox).find((one) => one.path === `/tracks/${told.id}`)?.body;
  const track = { ...told, ...waiting } as Track;
  const { track: now, playing } = useAtom(player);
  const [adding, setAdding] = useState(false);
  const [sending, setSending] = useState(false);
  const [listing, setListing] = useState(false);
  const mine = now?.id === track.id;
  const path = `/tracks/${track.id}`;
  const facts = track.recordings.find((one) => one.id === track.recording)?.facts ?? {};
  const save = async (body: Record<string, unknown>) => {
    const sent = await edit(path, body);
    if (sent) invalidate('/tracks');
    else say(t('outbox.kept'));
  };
  const keep = async (markers: Marker[]) => {
    await put(`${path}/markers`, { markers: markers.map(({ start, end, label, colour }) => ({ start, end, label, colour })) });
    invalidate(path);
  };
  const before = useRef(track.recording);
  useEffect(() => {
    renew(playable(track), audioOf(before.current));
    before.current = track.recording;
  }, [track.recording, track.title, track.artist, track.artwork]);
  const start = () => (mine ? toggle() : play(playable(track)));
  const addVersion = () => chooseFiles();
  const setArtwork = (files: Iterable<File>) => send(files, { purpose: 'artwork', subject: track.id }, () => invalidate('/tracks'));
  const chips = [
    upper(track.format),
    facts.rate && hertz(facts.rate),
    facts.bits && t('track.bits', { n: facts.bits }),
    facts.channels && t(facts.channels === 1 ? 'track.mono' : facts.channels === 2 ? 'track.stereo' : 'track.channels', { n: facts.channels }),
    clock(track.seconds),
  ].filter(Boolean);
  return (
    <Screen
      title={track.title}
      heading={
        <div class="track-head">
          <button
            type="button"
            class="artwork-button"
            disabled={!track.own}
            aria-label={t(track.artwork ? 'track.artwork.change' : 'track.artwork.add')}
            onClick={() => chooseFiles({ purpose: { purpose: 'artwork', subject: track.id }, then: () => invalidate('/tracks') }, 'image/*')}
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              event.stopPropagation();
              setArtwork(event.dataTransfer?.files ?? []);
            }}
          >
            <Artwork seed={track.id} src={artworkOf(track.artwork, 320)} size={132} />
            {track.own && (
              <span class="over">
                <Icon name="artwork" size={22} />
              </span>
            )}
          </button>
          <div class="track-name">
            <h1 class="unseen">{track.title}</h1>
            <InPlace class="title" label={t('track.title')} value={track.title} maxLength={200} disabled={!track.own} save={(title) => save({ title: title || track.title })} />
            <InPlace
              class="artist"
              label={t('track.artist')}
              value={track.artist}
              placeholder={t('track.noArtist')}
              maxLength={120}
              disabled={!track.own || track.credits.filter((one) => one.role === 'main').length > 1}
              save={(name) => save({ credits: [...(name ? [{ name, role: 'main' }] : []), ...track.credits.filter((one) => one.role !== 'main').map(({ name: other, role }) => ({ name: other, role }))] })}
            />
            <p class="facts-line figures">
              {chips.map((chip) => (
                <span key={String(chip)}>{chip}</span>
              ))}
              {!track.own && <span class="chip line">{t('track.shared')}</span>}
            </p>
          </div>
        </div>
      }
      actions={
        <>
          <button type="button" class="playbutton big" aria-label={t(mine && playing ? 'player.pause' : 'player.play')} onClick={start}>
            <Icon name={mine && playing ? 'pause' : 'play'} size={26} />
          </button>
          <Menu
            label={t('library.menu', { title: track.title })}
            choices={[
              { label: t('library.toPlaylist'), icon: 'playlists', run: () => setListing(true) },
              { label: t('library.toProject'), icon: 'projects', run: () => setAdding(true) },
              ...(track.own ? [{ label: t('send.do'), icon: 'boxes' as const, run: () => setSending(true) }] : []),
              { label: t('track.download'), icon: 'download', run: () => location.assign(`/api/v1/recordings/${track.recording}/audio?download=true`) },
              ...(track.own
                ? [
                    { label: t('track.newVersion'), icon: 'upload' as const, run: addVersion },
                    ...(track.analysis.possible ? [{ label: t('track.analyse'), icon: 'overview' as const, run: () => post(`${path}/analysis`).then(() => invalidate(path)) }] : []),
                    null,
                    {
                      label: t('do.delete'),
                      icon: 'trash' as const,
                      bad: true,
                      run: async () => {
                        await bin([track]);
                        go('/library');
                      },
                    },
                  ]
                : []),
            ]}
          />
        </>
      }
    >
      {waiting && (
        <p class="note" role="status">
          {t('outbox.here')}
        </p>
      )}
      {facts.cut_short && (
        <div class="note">
          <p>{t('track.cutShort', { has: clock(track.seconds), full: clock(facts.cut_short) })}</p>
          {track.own && (
            <Button icon="upload" onClick={addVersion}>
              {t('track.newVersion')}
            </Button>
          )}
        </div>
      )}
      <WavePlayer sound={playable(track)} marks={track.markers} keep={track.own ? keep : undefined} />
      <Measured track={track} />
      <div class="track-columns">
        <div class="stack">
          <Measures track={track} />
          <Versions track={track} />
        </div>
        <Tags track={track} save={save} />
      </div>
      <p class="small faint after">{t('track.dates', { added: moment(track.created), changed: moment(track.changed) })}</p>
      {adding && <AddToProject tracks={[track]} onClose={() => setAdding(false)} />}
      {listing && <AddToPlaylist tracks={[track]} onClose={() => setListing(false)} />}
      {sending && <SendToBox what={{ tracks: [track] }} onClose={() => setSending(false)} />}
    </Screen>
  );

  function Measured({ track: of }: { track: Track }) {
    const loud = facts.loudness ?? {};
    const rows: NumberRow[] = [
      [t('measure.integrated'), decibels(loud.integrated ?? of.loudness, 'LUFS'), t('measure.integrated.is')],
      [t('measure.range'), decibels(loud.range, 'LU'), t('measure.range.is')],
      [t('measure.truePeak'), decibels(loud.true_peak, 'dBTP'), t('measure.truePeak.is')],
      [t('track.tempo'), of.tempo ? t('track.bpm', { n: Math.round(of.tempo * 10) / 10 }) : '–', said(of, 'tempo')],
      [t('track.key'), of.key || '–', said(of, 'key')],
    ];
    return <Numbers rows={rows} />;
  }
}
