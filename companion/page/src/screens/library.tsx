/** The library: all tracks, found, sorted, selected, played. */
import { useEffect, useState } from 'preact/hooks';
import { post, remove } from '../core/api';
import { useAtom } from '../core/atom';
import { ago, bpm, clock, moment } from '../core/format';
import { drop, invalidate, useList, useLoad } from '../core/load';
import { play, player, toggle } from '../core/player';
import { useQuery } from '../core/router';
import { t, type TextName } from '../core/texts';
import { density } from '../core/theme';
import { artworkOf, playable, waveformOf, type TrackRow } from '../core/tracks';
import { Artwork } from '../parts/artwork';
import { Button } from '../parts/button';
import { ask } from '../parts/dialog';
import { SearchField, Segments, Sorter } from '../parts/field';
import { Grid, type Column } from '../parts/grid';
import { Icon } from '../parts/icon';
import { Menu, type Choice } from '../parts/menu';
import { Screen } from '../parts/screen';
import { Bones, Empty, Trouble } from '../parts/state';
import { say } from '../parts/toast';
import { Wave } from '../parts/waveform';
import { followHead, headOf } from '../shell/playerbar';
import { chooseFiles } from '../shell/tray';
import { AddToPlaylist } from './addtoplaylist';
import { AddToProject } from './addtoproject';
import { BulkEdit } from './bulkedit';
import { FirstUpload } from './firstupload';
import { SendToBox } from './sendtobox';

/** What a phone can sort by, as on a wide screen by the heads of columns. */
const SORTS: [string, TextName][] = [
  ['title', 'track.title'],
  ['artist', 'track.artist'],
  ['tempo', 'track.tempo'],
  ['key', 'track.key'],
  ['-loudness', 'measure.integrated'],
  ['length', 'track.length'],
];

interface Facets {
  tracks: number;
  genres: { name: string; count: number }[];
}

/** Into the bin, and back by one press. */
export async function bin(tracks: TrackRow[]): Promise<void> {
  for (const one of tracks) await drop(`/tracks/${one.id}`);
  invalidate('/tracks');
  say(tracks.length === 1 ? t('track.binned', { title: tracks[0]!.title }) : t('library.binned', { n: tracks.length }), {
    label: t('do.undo'),
    run: async () => {
      for (const one of tracks) await post(`/tracks/${one.id}/restore`);
      invalidate('/tracks');
    },
  });
}

/** Out of the bin, for good. */
async function purge(track: TrackRow): Promise<void> {
  if (!(await ask({ title: t('library.purge.one', { title: track.title }), text: t('library.purge.text'), yes: t('library.purge'), danger: true }))) return;
  await remove(`/tracks/${track.id}/bin`);
  invalidate('/tracks');
}

export function Library() {
  const [q, setQ] = useQuery('q');
  const [sort, setSort] = useQuery('sort');
  const [place, setPlace] = useQuery('in', 'own');
  const [genre, setGenre] = useQuery('genre');
  const { track, playing } = useAtom(player);
  const rowDensity = useAtom(density);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [dialog, setDialog] = useState<{ kind: 'playlist' | 'project' | 'edit' | 'box'; tracks: TrackRow[] }>();
  const facets = useLoad<Facets>('/tracks/facets').data;
  const asked = { q, sort, genre, shared: place === 'shared' || undefined, bin: place === 'bin' || undefined };
  const list = useList<TrackRow>('/tracks', asked, 100);
  const rows = list.rows;
  useEffect(() => setSelected(new Set()), [q, sort, place, genre]);

  const start = (row: TrackRow) => {
    if (track?.id === row.id) return toggle();
    play(playable(row), (rows ?? []).map(playable));
  };
  const chosen = (rows ?? []).filter((row) => selected.has(row.id));
  const choices = (row: TrackRow): (Choice | null)[] =>
    place === 'bin'
      ? [
          { label: t('library.restore'), icon: 'history', run: () => post(`/tracks/${row.id}/restore`).then(() => invalidate('/tracks')) },
          { label: t('library.purge'), icon: 'trash', bad: true, run: () => purge(row) },
        ]
      : [
          { label: t('player.play'), icon: 'play', run: () => start(row), key: t('key.Space') },
          { label: t('library.toPlaylist'), icon: 'playlists', run: () => setDialog({ kind: 'playlist', tracks: [row] }) },
          { label: t('library.toProject'), icon: 'projects', run: () => setDialog({ kind: 'project', tracks: [row] }) },
          ...(row.own ? [{ label: t('send.do'), icon: 'boxes' as const, run: () => setDialog({ kind: 'box', tracks: [row] }) }] : []),
          { label: t('track.download'), icon: 'download', run: () => location.assign(`/api/v1/recordings/${row.recording}/audio?download=true`) },
          ...(row.own ? [null, { label: t('do.delete'), icon: 'trash' as const, bad: true, run: () => bin([row]) }] : []),
        ];

  const columns: Column<TrackRow>[] = [
    {
      id: 'title',
      title: t('track.title'),
      sort: 'title',
      class: 'c-title',
      cell: (row) => (
        <>
          <button
            type="button"
            class="cover-play"
            tabIndex={-1}
            aria-label={t(track?.id === row.id && playing ? 'player.pauseOf' : 'player.playOf', { title: row.title })}
            onClick={() => start(row)}
          >
            <Artwork seed={row.id} src={artworkOf(row.artwork)} size={rowDensity === 'compact' ? 26 : 38} />
            <span class="over">
              <Icon name={track?.id === row.id && playing ? 'pause' : 'play'} size={16} />
            </span>
          </button>
          <span class="two">
            <a class="name cut" href={`/library/${row.id}`} tabIndex={-1}>
              {row.title}
            </a>
            <span class="cut small soft sub-artist">{row.artist || t('track.noArtist')}</span>
            {row.album && rowDensity === 'comfortable' && <span class="cut small faint sub-album">{row.album}</span>}
          </span>
        </>
      ),
    },
    { id: 'artist', title: t('track.artist'), sort: 'artist', class: 'c-artist cut', cell: (row) => row.artist || <span class="faint">–</span> },
    {
      id: 'wave',
      title: t('track.waveform'),
      class: 'c-wave',
      cell: (row) => <Wave peaks={row.recording ? waveformOf(row.recording) : null} seconds={row.seconds} coarse bars head={headOf(row.id)} subscribe={track?.id === row.id ? followHead : undefined} />,
    },
    { id: 'tempo', title: t('track.tempo'), sort: 'tempo', class: 'c-tempo figures end', cell: (row) => (row.tempo ? bpm(row.tempo) : <span class="faint">–</span>) },
    { id: 'key', title: t('track.key'), sort: 'key', class: 'c-key', cell: (row) => row.key || <span class="faint">–</span> },
    { id: 'loud', title: t('track.lufs'), sort: 'loudness', class: 'c-loud figures end', cell: (row) => (row.loudness === null ? <span class="faint">–</span> : row.loudness.toFixed(1).replace('-', '−')) },
    { id: 'length', title: t('track.length'), sort: 'length', class: 'c-length figures end', cell: (row) => clock(row.seconds) },
    {
      id: 'added',
      title: t('track.added'),
      sort: 'added',
      class: 'c-added soft end',
      cell: (row) => <time title={moment(row.created)}>{ago(row.created)}</time>,
    },
    { id: 'menu', title: `.${t('list.more')}`, class: 'c-menu', cell: (row) => <Menu label={t('library.menu', { title: row.title })} tabIndex={-1} choices={choices(row)} /> },
  ];
  const upload = (
    <Button kind="primary" icon="upload" onClick={() => chooseFiles()}>
      {t('upload.do')}
    </Button>
  );
  const untouched = !q && !genre && place === 'own';
  const count = place === 'own' ? facets?.tracks : (list.total ?? (list.done ? rows?.length : undefined));

  return (
    <Screen
      title={t('nav.library')}
      heading={
        <h1>
          {t('nav.library')} {count ? <small class="figures">{t('library.count', { n: count })}</small> : null}
        </h1>
      }
      actions={!(untouched && rows?.length === 0) && upload}
    >
      {rows && (
        <div class="tools">
          <SearchField value={q} onValue={setQ} label={t('library.search')} />
          <Segments
            label={t('library.which')}
            value={place}
            options={[
              ['own', t('library.own')],
              ['shared', t('library.shared')],
              ['bin', t('library.bin')],
            ]}
            onValue={setPlace}
          />
          {place === 'own' && facets && facets.genres.length > 0 && (
            <select class="input fit" aria-label={t('track.genre')} value={genre} onChange={(event) => setGenre(event.currentTarget.value)}>
              <option value="">{t('library.anyGenre')}</option>
              {facets.genres.map((one) => (
                <option key={one.name} value={one.name}>
                  {one.name} ({one.count})
                </option>
              ))}
            </select>
          )}
          <span class="gap" />
          {/* a phone has no heads of columns */}
          <span class="narrow-only">
            <Sorter value={sort} options={[['', t(q ? 'library.sort.best' : 'library.sort.added')], ...SORTS.map(([name, text]) => [name, t(text)] as const)]} onValue={setSort} />
          </span>
          <Button
            kind="quiet"
            icon="rows"
            class="wide-only"
            label={t('density.toggle')}
            aria-pressed={rowDensity === 'compact'}
            onClick={() => density.set(rowDensity === 'compact' ? 'comfortable' : 'compact')}
          />
        </div>
      )}
      {chosen.length > 0 && (
        <div class="bulk" role="toolbar" aria-label={t('library.bulk')}>
          <span class="figures" role="status">
            {t('library.selected', { n: chosen.length })}
          </span>
          {place === 'bin' ? (
            <Button
              size="tiny"
              icon="history"
              work={async () => {
                for (const one of chosen) await post(`/tracks/${one.id}/restore`);
                setSelected(new Set());
                invalidate('/tracks');
              }}
            >
              {t('library.restore')}
            </Button>
          ) : (
            <>
              <Button size="tiny" icon="play" onClick={() => play(playable(chosen[0]!), chosen.map(playable))}>
                {t('player.play')}
              </Button>
              <Button size="tiny" icon="playlists" onClick={() => setDialog({ kind: 'playlist', tracks: chosen })}>
                {t('library.toPlaylist')}
              </Button>
              <Button size="tiny" icon="projects" onClick={() => setDialog({ kind: 'project', tracks: chosen })}>
                {t('library.toProject')}
              </Button>
              {chosen.every((one) => one.own) && (
                <>
                  <Button size="tiny" icon="boxes" onClick={() => setDialog({ kind: 'box', tracks: chosen })}>
                    {t('send.do')}
                  </Button>
                  <Button size="tiny" icon="edit" onClick={() => setDialog({ kind: 'edit', tracks: chosen })}>
                    {t('library.edit')}
                  </Button>
                  <Button
                    size="tiny"
                    icon="trash"
                    work={async () => {
                      await bin(chosen);
                      setSelected(new Set());
                    }}
                  >
                    {t('do.delete')}
                  </Button>
                </>
              )}
            </>
          )}
          <span class="gap" />
          <Button kind="quiet" size="tiny" onClick={() => setSelected(new Set())}>
            {t('library.unselect')}
          </Button>
        </div>
      )}
      {list.problem && !rows && <Trouble problem={list.problem} retry={list.reload} />}
      {!rows && !list.problem && <Bones widths={Array(8).fill(100)} height={38} />}
      {rows?.length === 0 &&
        (untouched ? (
          <FirstUpload />
        ) : (
          <Empty title={q ? t('library.notFound', { text: q }) : t(place === 'bin' ? 'library.binEmpty' : place === 'shared' ? 'library.sharedEmpty' : 'library.genreEmpty')}>
            <p>{t(q ? 'library.notFound.text' : place === 'bin' ? 'library.binEmpty.text' : place === 'shared' ? 'library.sharedEmpty.text' : 'library.genreEmpty.text')}</p>
          </Empty>
        ))}
      {rows && rows.length > 0 && (
        <Grid
          label={t('nav.library')}
          template="tracks"
          rows={rows}
          total={untouched ? facets?.tracks : undefined}
          done={list.done}
          more={list.more}
          columns={columns}
          id={(row) => row.id}
          name={(row) => row.title}
          href={(row) => `/library/${row.id}`}
          sort={sort || (q ? '' : '-added')}
          onSort={setSort}
          onSpace={start}
          selected={selected}
          onSelect={setSelected}
          current={track?.id}
        />
      )}
      {dialog?.kind === 'playlist' && <AddToPlaylist tracks={dialog.tracks} onClose={() => setDialog(undefined)} />}
      {dialog?.kind === 'project' && <AddToProject tracks={dialog.tracks} onClose={() => setDialog(undefined)} />}
      {dialog?.kind === 'box' && <SendToBox what={{ tracks: dialog.tracks }} onClose={() => setDialog(undefined)} />}
      {dialog?.kind === 'edit' && (
        <BulkEdit
          tracks={dialog.tracks}
          onClose={() => setDialog(undefined)}
          onDone={() => setSelected(new Set())}
        />
      )}
    </Screen>
  );
}
