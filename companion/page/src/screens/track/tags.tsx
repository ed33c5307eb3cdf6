/** What is written on a track, edited where it stands. */
import { useLoad } from '../../core/load';
import { tag } from '../../core/tags';
import { t, tOr, type TextName } from '../../core/texts';
import type { Track } from '../../core/tracks';
import { Button } from '../../parts/button';
import { InPlace } from '../../parts/inplace';

type Save = (body: Record<string, unknown>) => Promise<void>;

const FIELDS: [keyof Track, TextName, number][] = [
  ['album', 'track.album', 200],
  ['number', 'track.number', 10],
  ['year', 'track.year', 4],
  ['genre', 'track.genre', 60],
  ['tempo', 'track.tempo', 7],
  ['key', 'track.key', 12],
  ['label', 'track.label', 100],
  ['isrc', 'track.isrc', 20],
  ['copyright', 'track.copyright', 200],
];
const NUMBERS = new Set(['year', 'tempo']);
const ROLES = ['main', 'featured', 'remixer', 'producer', 'composer', 'lyricist', 'performer', 'arranger', 'mixing engineer', 'mastering engineer', 'artwork', 'other'];

export function Tags({ track, save }: { track: Track; save: Save }) {
  const artists = useLoad<{ items: { name: string }[] }>(track.own ? '/artists?limit=200' : null).data?.items ?? [];
  const credits = track.credits.map(({ name, role }) => ({ name, role }));
  const put = (next: { name: string; role: string }[]) => save({ credits: next.filter((one) => one.name) });
  return (
    <section class="tags" aria-label={t('track.written')}>
      <h2>{t('track.written')}</h2>
      <dl class="facts">
        {FIELDS.map(([name, text, most]) => (
          <div class="tag" key={name}>
            <dt>{t(text)}</dt>
            <dd>
              <InPlace
                label={t(text)}
                value={track[name] === null ? '' : String(track[name])}
                maxLength={most}
                disabled={!track.own}
                inputMode={NUMBERS.has(name) ? 'decimal' : undefined}
                save={async (value) => save({ [name]: tag(name, value) })}
              />
            </dd>
          </div>
        ))}
      </dl>
      <h3>{t('track.credits')}</h3>
      <ul class="credits">
        {credits.map((one, at) => (
          <li key={`${at}-${one.name}-${one.role}`}>
            <InPlace label={t('track.credit.name')} value={one.name} maxLength={120} disabled={!track.own} list="artists" save={(name) => put(credits.map((other, n) => (n === at ? { ...other, name } : other)))} />
            <select
              class="inplace"
              aria-label={t('track.credit.role', { name: one.name })}
              disabled={!track.own}
              value={one.role}
              onChange={(event) => void put(credits.map((other, n) => (n === at ? { ...other, role: event.currentTarget.value } : other)))}
            >
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {tOr(`part.${role}`, role)}
                </option>
              ))}
            </select>
            {track.own && <Button kind="quiet" size="tiny" icon="close" label={t('track.credit.remove', { name: one.name })} work={() => put(credits.filter((_, n) => n !== at))} />}
          </li>
        ))}
        {track.own && (
          <li>
            <InPlace key={credits.length} label={t('track.credit.add')} placeholder={t('track.credit.add')} value="" maxLength={120} list="artists" save={(name) => put([...credits, { name, role: credits.length ? 'featured' : 'main' }])} />
          </li>
        )}
      </ul>
      <datalist id="artists">
        {artists.map((one) => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
      <h3>{t('track.notes')}</h3>
      <InPlace long label={t('track.notes')} placeholder={t('track.notes.none')} value={track.notes} maxLength={10_000} disabled={!track.own} save={(notes) => save({ notes })} />
    </section>
  );
}
