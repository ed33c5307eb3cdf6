/** Sending tracks or a list to a box: which box, and whether it has room. */
import { post } from '../core/api';
import type { Box } from '../core/boxes';
import { bytes } from '../core/format';
import { invalidate, useLoad } from '../core/load';
import { go } from '../core/router';
import { t } from '../core/texts';
import type { TrackRow } from '../core/tracks';
import { Button, LinkButton } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Bones, Empty, Shown } from '../parts/state';
import { failed, say } from '../parts/toast';
import { BoxState } from './boxes';

const MOST = 100; // tracks in one call

type What = { tracks: TrackRow[] } | { list: { id: string; of: 'playlist' | 'set'; title: string } };

const nameOf = (what: What): string =>
  'list' in what ? t('send.title', { title: what.list.title }) : what.tracks.length === 1 ? t('send.title', { title: what.tracks[0]!.title }) : t('send.title.n', { n: what.tracks.length });

export function SendToBox({ what, onClose }: { what: What; onClose: () => void }) {
  const boxes = useLoad<Box[]>('/boxes');
  const send = async (box: Box) => {
    const path = `/boxes/${box.id}`;
    if ('list' in what) await post(`${path}/lists`, { list: what.list.id });
    else for (let at = 0; at < what.tracks.length; at += MOST) await post(`${path}/tracks`, { tracks: what.tracks.slice(at, at + MOST).map((one) => one.id) });
    invalidate(`${path}/lists`, `${path}/files`);
    say(t(box.online ? 'send.sent' : 'send.later', { name: box.name }), { label: t('send.look'), run: () => go(`${path}/music`) });
    onClose();
  };
  return (
    <Dialog title={nameOf(what)} onClose={onClose}>
      <Shown of={boxes} bones={<Bones widths={[100, 100]} height={44} />}>
        {(rows) =>
          rows.length ? (
            <>
              <p class="soft">{'list' in what ? t('send.text.list') : t('send.text', { n: what.tracks.length })}</p>
              <ul class="rows links scroll">
                {rows.map((one) => (
                  <li key={one.id}>
                    <Icon name="boxes" />
                    <span class="grow">
                      <button type="button" class="plain stretched cut" onClick={() => void send(one).catch(failed)}>
                        {one.name}
                      </button>
                      <BoxState box={one} />
                    </span>
                    <span class="small faint figures">{one.storage_total !== null && one.storage_used !== null ? t('send.free', { size: bytes(one.storage_total - one.storage_used) }) : ''}</span>
                  </li>
                ))}
              </ul>
            </>
          ) : (
            <Empty title={t('boxes.none')} actions={<LinkButton href="/boxes?claim=1">{t('boxes.claim')}</LinkButton>}>
              <p>{t('boxes.none.text')}</p>
            </Empty>
          )
        }
      </Shown>
      <div class="actions">
        <Button kind="quiet" onClick={onClose}>
          {t('do.cancel')}
        </Button>
      </div>
    </Dialog>
  );
}
