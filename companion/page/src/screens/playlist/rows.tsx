/** The tracks of a playlist as rows: heard, noted upon, moved by their handle, taken out. */
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useAtom } from '../../core/atom';
import type { Box } from '../../core/boxes';
import { clock } from '../../core/format';
import { useLoad } from '../../core/load';
import { player } from '../../core/player';
import { t } from '../../core/texts';
import { artworkOf, type TrackRow } from '../../core/tracks';
import { Note } from '../../documents/note';
import { useReorder } from '../../documents/reorder';
import type { Person, Shared } from '../../documents/shared';
import { isAbsent, moveBehind, takeOut, type Row } from '../../documents/tracklist';
import { Artwork } from '../../parts/artwork';
import { Icon } from '../../parts/icon';
import { Menu } from '../../parts/menu';
import { say } from '../../parts/toast';

interface RowsProps {
  shared: Shared;
  rows: Row[];
  tracks: Map<string, TrackRow> | undefined;
  people: Person[];
  start: (track: string) => void;
}

/** Nodes by name, made anew only when what they are made of changed: of a long list, a move concerns few. */
function useMade(): (name: string, of: unknown[], make: () => VNode) => VNode {
  const made = useRef(new Map<string, { of: unknown[]; node: VNode }>());
  return (name, of, make) => {
    const before = made.current.get(name);
    if (before && of.every((one, at) => Object.is(one, before.of[at]))) return before.node;
    const node = make();
    made.current.set(name, { of, node });
    return node;
  };
}

export function Rows({ shared, rows, tracks, people, start }: RowsProps) {
  const { track: now, playing } = useAtom(player);
  const boxes = useLoad<Box[]>(rows.some((one) => !one.track) ? '/boxes' : null).data ?? [];
  const box = boxes.length === 1 ? boxes[0]!.name : ''; // of several, nobody knows which has it
  const [said, setSaid] = useState({ title: '', at: 0 });
  const [noting, setNoting] = useState<string>();
  const play = useRef(start);
  play.current = start;
  const title = (key: string) => rows.find((one) => one.key === key)?.title ?? '';
  const order = useReorder(
    rows.map((one) => one.key),
    (key, before) => moveBehind(shared, key, before),
    (key, at) => setSaid({ title: title(key), at }),
  );
  const drop = (row: Row) => say(t('playlists.takenOut', { title: row.title }), { label: t('do.undo'), run: takeOut(shared, row.key) });
  const made = useMade();

  const draw = (row: Row, at: number, track: TrackRow | undefined, sounds: boolean, here: Person[]) => {
    const { class: moving, style } = order.rowStyle(at);
    const absent = isAbsent(row, tracks) && (row.track ? t('playlists.gone') : box && row.entry.get('hash') ? t('playlists.onBox', { box }) : t('playlists.elsewhere'));
    const last = at === rows.length - 1;
    const note = (row.note?.length ?? 0) > 0;
    const of = [row.title, row.artist, row.seconds, row.tempo, row.pitch, row.track, row.note, note, at, last, track, absent, sounds, sounds && playing];
    return made(row.key, [...of, noting === row.key, here.map((one) => one.client).join(), moving, style?.transform], () => (
      <li key={row.key} class={moving} style={style} aria-current={sounds ? 'true' : undefined}>
        <button type="button" class="handle" aria-label={t('playlists.move', { title: row.title })} title={t('playlists.move.how')} {...order.handle(row.key, at)}>
          <Icon name="grip" size={16} />
        </button>
        <span class="small faint figures number wide-only">{at + 1}</span>
        <button
          type="button"
          class="cover-play"
          disabled={!track?.recording}
          aria-label={t(sounds && playing ? 'player.pauseOf' : 'player.playOf', { title: row.title })}
          onClick={() => play.current(row.track)}
        >
          <Artwork seed={row.track || row.title} src={track && artworkOf(track.artwork)} size={38} />
          <span class="over">
            <Icon name={sounds && playing ? 'pause' : 'play'} size={16} />
          </span>
        </button>
        <span class="grow">
          {track ? (
            <a class="name cut" href={`/library/${row.track}`}>
              {row.title}
            </a>
          ) : (
            <span class="name cut">{row.title}</span>
          )}
          <span class="small soft sub cut">
            {row.artist || (!absent && t('track.noArtist'))}
            {absent && (
              <span class="faint">
                {row.artist && ' · '}
                {absent}
              </span>
            )}
          </span>
          <Note shared={shared} row={row} people={here} open={noting === row.key} onLeave={() => setNoting(undefined)} />
        </span>
        <span class="small faint figures wide-only">{[row.tempo && t('track.bpm', { n: Math.round(row.tempo) }), row.pitch].filter(Boolean).join(' · ')}</span>
        <span class="small soft figures length">{row.seconds === null ? '' : clock(row.seconds)}</span>
        <Menu
          label={t('library.menu', { title: row.title })}
          choices={[
            { label: t('document.note.write'), icon: 'note', run: () => setNoting(row.key) },
            ...(at > 0
              ? [
                  { label: t('playlists.up'), icon: 'up' as const, run: () => order.put(row.key, at - 1, false) },
                  { label: t('playlists.top'), icon: 'top' as const, run: () => order.put(row.key, 0, false) },
                ]
              : []),
            ...(last ? [] : [{ label: t('playlists.down'), icon: 'down' as const, run: () => order.put(row.key, at + 1, false) }]),
            null,
            { label: t('playlists.takeOut'), icon: 'close', bad: true, run: () => drop(row) },
          ]}
        />
      </li>
    ));
  };

  return (
    <>
      <p class="unseen" role="status">
        {said.title && t('playlists.moved', { title: said.title, at: said.at + 1, of: rows.length })}
      </p>
      <ol class="rows playlist" ref={order.list}>
        {rows.map((row, at) =>
          draw(
            row,
            at,
            tracks?.get(row.track),
            now !== null && now.id === row.track,
            people.filter((one) => one.at === row.key),
          ),
        )}
      </ol>
    </>
  );
}
