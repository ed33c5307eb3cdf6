/** The same tags for several tracks: only the fields that are filled in. */
import { patch } from '../core/api';
import { invalidate } from '../core/load';
import { t } from '../core/texts';
import type { TrackRow } from '../core/tracks';
import { Dialog } from '../parts/dialog';
import { FormEnd, TextField, useForm } from '../parts/field';
import { say } from '../parts/toast';

export function BulkEdit({ tracks, onClose, onDone }: { tracks: TrackRow[]; onClose: () => void; onDone: () => void }) {
  const form = useForm({ artist: '', album: '', genre: '', year: '' }, async ({ artist, album, genre, year }) => {
    const body = {
      ...(artist && { credits: [{ name: artist, role: 'main' }] }),
      ...(album && { album }),
      ...(genre && { genre }),
      ...(year && { year: Number(year) }),
    };
    for (const one of tracks) await patch(`/tracks/${one.id}`, body);
    invalidate('/tracks');
    say(t('library.edited', { n: tracks.length }));
    onDone();
    onClose();
  });
  const empty = Object.values(form.values).every((value) => !value);
  return (
    <Dialog title={t('library.edit.n', { n: tracks.length })} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <p class="soft">{t('library.edit.text')}</p>
        <TextField label={t('track.artist')} maxLength={120} {...form.bind('artist')} />
        <TextField label={t('track.album')} maxLength={200} {...form.bind('album')} />
        <div class="pair">
          <TextField label={t('track.genre')} maxLength={60} {...form.bind('genre')} />
          <TextField label={t('track.year')} type="number" min={1} max={9999} {...form.bind('year')} />
        </div>
        <FormEnd form={form} yes={t('do.save')} disabled={empty} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
