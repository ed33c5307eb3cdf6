/** Your boxes: what each does now, making one yours, taking one that is offered. */
import { useEffect, useState } from 'preact/hooks';
import { post, remove } from '../core/api';
import type { Box } from '../core/boxes';
import { ago, bytes } from '../core/format';
import { drop, invalidate, useLoad } from '../core/load';
import { go, useQuery } from '../core/router';
import { t } from '../core/texts';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { FormEnd, SearchField, TextField, useForm } from '../parts/field';
import { Screen } from '../parts/screen';
import { Bones, Empty, Progress, Shown } from '../parts/state';
import { say } from '../parts/toast';

interface Offer {
  box: string;
  name: string;
  giver: string;
}

export function Boxes() {
  const [search, setSearch] = useQuery('q');
  const [claiming, setClaiming] = useQuery('claim');
  const list = useLoad<Box[]>(`/boxes${search ? `?search=${encodeURIComponent(search)}` : ''}`);
  const offers = useLoad<Offer[]>('/boxes/offers').data ?? [];
  const claim = (
    <Button kind="primary" icon="plus" onClick={() => setClaiming('1')}>
      {t('boxes.claim')}
    </Button>
  );
  return (
    <Screen title={t('nav.boxes')} actions={(search || list.data?.length !== 0) && claim}>
      {offers.map((offer) => (
        <OfferNote key={offer.box} offer={offer} />
      ))}
      {(search || (list.data && list.data.length > 3)) && (
        <div class="tools">
          <SearchField value={search} onValue={setSearch} label={t('boxes.search')} />
        </div>
      )}
      <Shown of={list} bones={<Bones widths={[100, 100]} height={150} />}>
        {(boxes) =>
          boxes.length ? (
            <ul class="cards">
              {boxes.map((box) => (
                <BoxCard key={box.id} box={box} />
              ))}
            </ul>
          ) : search ? (
            <Empty title={t('boxes.notFound', { text: search })} />
          ) : (
            <Empty title={t('boxes.none')} actions={claim}>
              <p>{t('boxes.none.text')}</p>
            </Empty>
          )
        }
      </Shown>
      {claiming && <Claim code={claiming === '1' ? '' : claiming} onClose={() => setClaiming('')} />}
    </Screen>
  );
}

function OfferNote({ offer }: { offer: Offer }) {
  const path = `/boxes/offers/${offer.box}`;
  const after = () => invalidate('/boxes');
  return (
    <div class="note">
      <p>{t('boxes.offered', { who: offer.giver, name: offer.name })}</p>
      <span class="buttons">
        <Button kind="quiet" work={() => remove(path).then(after)}>
          {t('boxes.refuse')}
        </Button>
        <Button kind="primary" work={() => post(`${path}/accept`).then(after)}>
          {t('boxes.take')}
        </Button>
      </span>
    </div>
  );
}

const JOINS_MS = 60_000; // in which a box that was just made somebody's is expected

/** Whether a box that was never online became somebody's just now. */
function useJoining({ claimed, seen, online }: Box): boolean {
  const [, draw] = useState(0);
  const left = claimed === null || seen !== null || online ? 0 : claimed + JOINS_MS - Date.now();
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(draw, Math.min(left, JOINS_MS) + 50, Date.now());
    return () => clearTimeout(timer);
  }, [left > 0]);
  return left > 0;
}

/** Whether it is there, and what it does. */
export function BoxState({ box }: { box: Box }) {
  const joining = useJoining(box);
  return (
    <p class="box-state">
      <span class={`dot ${box.online ? 'good' : ''}`} />
      {box.online ? (box.playing ? t('boxes.plays', { what: box.playing }) : t('boxes.online')) : box.seen ? t('boxes.offline', { when: ago(box.seen) }) : t(joining ? 'boxes.joining' : 'boxes.never')}
    </p>
  );
}

/** Which machine it is, and how full. */
export function Machine({ box }: { box: Box }) {
  return (
    <>
      <dt>{t('boxes.model')}</dt>
      <dd>{box.model || '–'}</dd>
      <dt>{t('boxes.storage')}</dt>
      <dd>
        <StorageBar box={box} />
      </dd>
    </>
  );
}

/** How full it is; a dash where it has not said. */
function StorageBar({ box: { storage_used: used, storage_total: total } }: { box: Box }) {
  if (used === null || !total) return <>–</>;
  return (
    <>
      {t('boxes.storage.of', { used: bytes(used), all: bytes(total) })}
      <Progress value={used / total} label={t('boxes.storage')} state={used > 0.9 * total ? 'failed' : ''} />
    </>
  );
}

function BoxCard({ box }: { box: Box }) {
  return (
    <li class="panel box">
      <h2 class="cut">
        <a class="stretched" href={`/boxes/${box.id}`}>
          {box.name}
        </a>
      </h2>
      <BoxState box={box} />
      {box.given_to && <p class="small soft">{t('boxes.givenTo', { who: box.given_to })}</p>}
      <dl class="facts small">
        <Machine box={box} />
      </dl>
    </li>
  );
}

interface Claimed extends Box {
  check: string; // six digits
}

/** The code first; then six digits, which tell that this box is the one that shows them. */
function Claim({ code, onClose }: { code: string; onClose: () => void }) {
  const [claimed, setClaimed] = useState<Claimed>();
  const form = useForm({ code }, async (values) => {
    setClaimed(await post<Claimed>('/boxes/claims', { code: values['code'] }));
    invalidate('/boxes');
  });
  if (claimed) return <Check box={claimed} onClose={onClose} />;
  return (
    <Dialog key="code" title={t('boxes.claim')} onClose={onClose}>
      <form class="form" noValidate onSubmit={form.submit}>
        <p class="soft">{t(code ? 'boxes.claim.scanned' : 'boxes.claim.text')}</p>
        {!code && <code class="secret whole">{`rackdeck box claim --companion ${location.origin}`}</code>}
        <TextField label={t('boxes.code')} class="code" autocomplete="off" autocapitalize="characters" spellcheck={false} required maxLength={20} autofocus placeholder="7K2M-9QXP" {...form.bind('code')} />
        <FormEnd form={form} yes={t('boxes.claim.do')} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

function Check({ box, onClose }: { box: Claimed; onClose: () => void }) {
  const other = async () => {
    await drop(`/boxes/${box.id}`);
    invalidate('/boxes');
    say(t('boxes.check.let', { name: box.name }));
    onClose();
  };
  return (
    <Dialog key="check" title={t('boxes.claimed', { name: box.name })} onClose={onClose}>
      <div class="form">
        <p>{t('boxes.check')}</p>
        <p class="check-digits figures" aria-label={[...box.check].join(' ')}>
          {box.check.slice(0, 3)} {box.check.slice(3)}
        </p>
        <p class="soft">{t('boxes.check.text')}</p>
        <div class="actions">
          <Button kind="danger" work={other}>
            {t('boxes.check.other')}
          </Button>
          <span class="gap" />
          <Button
            kind="primary"
            onClick={() => {
              onClose();
              go(`/boxes/${box.id}`);
            }}
          >
            {t('boxes.check.same')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
