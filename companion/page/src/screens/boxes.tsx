/** Your boxes: what each says of itself, making one yours, giving one away. */
import { useEffect, useState } from 'preact/hooks';
import { call, patch, post, remove } from '../core/api';
import { ago, bytes, moment } from '../core/format';
import { invalidate, useList, useLoad } from '../core/load';
import { useQuery } from '../core/router';
import { t, tOr } from '../core/texts';
import { Button } from '../parts/button';
import { ask, Dialog } from '../parts/dialog';
import { FormProblem, SearchField, TextField, useForm } from '../parts/field';
import { Menu } from '../parts/menu';
import { Screen } from '../parts/screen';
import { Bones, Empty, Progress, Shown } from '../parts/state';
import { say } from '../parts/toast';

export interface Box {
  id: string;
  name: string;
  model: string;
  claimed: number | null;
  online: boolean;
  seen: number | null;
  versions: Record<string, string>;
  storage_used: number | null;
  storage_total: number | null;
  playing: string;
  given_to: string;
}

interface Offer {
  box: string;
  name: string;
  model: string;
  giver: string;
  expires: number;
}

export function Boxes() {
  const [search, setSearch] = useQuery('q');
  const [claiming, setClaiming] = useQuery('claim');
  const list = useLoad<Box[]>(`/boxes${search ? `?search=${encodeURIComponent(search)}` : ''}`);
  const offers = useLoad<Offer[]>('/boxes/offers').data ?? [];
  const [dialog, setDialog] = useState<{ kind: 'name' | 'give' | 'activity'; box: Box }>();
  const claim = () => setClaiming('1');
  const close = () => setDialog(undefined);
  return (
    <Screen
      title={t('nav.boxes')}
      actions={
        <Button kind="primary" icon="plus" onClick={claim}>
          {t('boxes.claim')}
        </Button>
      }
    >
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
                <BoxCard key={box.id} box={box} onDialog={(kind) => setDialog({ kind, box })} />
              ))}
            </ul>
          ) : search ? (
            <Empty title={t('boxes.notFound', { text: search })} />
          ) : (
            <Empty
              title={t('boxes.none')}
              actions={
                <Button kind="primary" icon="plus" onClick={claim}>
                  {t('boxes.claim')}
                </Button>
              }
            >
              <p>{t('boxes.none.text')}</p>
            </Empty>
          )
        }
      </Shown>
      {claiming && <Claim onClose={() => setClaiming('')} />}
      {dialog?.kind === 'name' && <Rename box={dialog.box} onClose={close} />}
      {dialog?.kind === 'give' && <Give box={dialog.box} onClose={close} />}
      {dialog?.kind === 'activity' && <Activity box={dialog.box} onClose={close} />}
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

function BoxCard({ box, onDialog }: { box: Box; onDialog: (kind: 'name' | 'give' | 'activity') => void }) {
  const share = box.storage_used !== null && box.storage_total ? box.storage_used / box.storage_total : null;
  const release = async () => {
    if (await ask({ title: t('boxes.release', { name: box.name }), text: t('boxes.release.text'), yes: t('boxes.release.do'), danger: true })) {
      await remove(`/boxes/${box.id}`);
      invalidate('/boxes');
    }
  };
  return (
    <li class="panel box">
      <header>
        <h2 class="cut">{box.name}</h2>
        <Menu
          label={t('boxes.menu', { name: box.name })}
          choices={[
            { label: t('do.rename'), icon: 'edit', run: () => onDialog('name') },
            { label: t('boxes.activity'), icon: 'history', run: () => onDialog('activity') },
            box.given_to
              ? { label: t('boxes.keep'), icon: 'close', run: () => call('DELETE', `/boxes/${box.id}/offer`).then(() => invalidate('/boxes')) }
              : { label: t('boxes.give'), icon: 'person', run: () => onDialog('give') },
            null,
            { label: t('boxes.release.do'), icon: 'trash', bad: true, run: release },
          ]}
        />
      </header>
      <p class="box-state">
        <span class={`dot ${box.online ? 'good' : ''}`} />
        {box.online ? (box.playing ? t('boxes.plays', { what: box.playing }) : t('boxes.online')) : box.seen ? t('boxes.offline', { when: ago(box.seen) }) : t('boxes.never')}
      </p>
      {box.given_to && <p class="small soft">{t('boxes.givenTo', { who: box.given_to })}</p>}
      <dl class="facts small">
        <dt>{t('boxes.model')}</dt>
        <dd>{box.model || '–'}</dd>
        <dt>{t('boxes.version')}</dt>
        <dd class="figures">{Object.values(box.versions)[0] ?? '–'}</dd>
        {share !== null && (
          <>
            <dt>{t('boxes.storage')}</dt>
            <dd>
              {t('boxes.storage.of', { used: bytes(box.storage_used ?? 0), all: bytes(box.storage_total ?? 0) })}
              <Progress value={share} label={t('boxes.storage')} />
            </dd>
          </>
        )}
      </dl>
    </li>
  );
}

function Claim({ onClose }: { onClose: () => void }) {
  const form = useForm({ code: '' }, async ({ code }) => {
    const box = await post<Box>('/boxes/claims', { code });
    invalidate('/boxes');
    say(t('boxes.claimed', { name: box.name }));
    onClose();
  });
  return (
    <Dialog title={t('boxes.claim')} onClose={onClose}>
      <form class="form" onSubmit={form.submit}>
        <p class="soft">{t('boxes.claim.text')}</p>
        <TextField label={t('boxes.code')} class="code" autocomplete="off" autocapitalize="characters" spellcheck={false} required maxLength={20} autofocus placeholder="7K2M-9QXP" {...form.bind('code')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button kind="primary" type="submit" aria-busy={form.busy}>
            {t('boxes.claim.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Rename({ box, onClose }: { box: Box; onClose: () => void }) {
  const form = useForm({ name: box.name }, async (values) => {
    await patch(`/boxes/${box.id}`, values);
    invalidate('/boxes');
    onClose();
  });
  return (
    <Dialog title={t('do.rename')} onClose={onClose}>
      <form class="form" onSubmit={form.submit}>
        <TextField label={t('boxes.name')} required maxLength={60} autofocus {...form.bind('name')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button kind="primary" type="submit">
            {t('do.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Give({ box, onClose }: { box: Box; onClose: () => void }) {
  const form = useForm({ email: '' }, async (values) => {
    await call('PUT', `/boxes/${box.id}/offer`, { body: values });
    invalidate('/boxes');
    onClose();
  });
  return (
    <Dialog title={t('boxes.give')} onClose={onClose}>
      <form class="form" onSubmit={form.submit}>
        <p class="soft">{t('boxes.give.text')}</p>
        <TextField label={t('sign.email')} type="email" required autofocus {...form.bind('email')} />
        <FormProblem problem={form.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button kind="primary" type="submit">
            {t('boxes.give.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface BoxEvent {
  id: number;
  kind: string;
  detail: Record<string, unknown>;
  at: number;
}

function Activity({ box, onClose }: { box: Box; onClose: () => void }) {
  const list = useList<BoxEvent>(`/boxes/${box.id}/activity`, {}, 50);
  const [rows, setRows] = useState<BoxEvent[]>();
  useEffect(() => setRows(list.rows), [list.rows]);
  return (
    <Dialog title={t('boxes.activity.of', { name: box.name })} onClose={onClose}>
      {!rows && <Bones />}
      {rows?.length === 0 && <p class="soft">{t('boxes.activity.none')}</p>}
      <ul class="rows">
        {rows?.map((event) => (
          <li key={event.id}>
            <span class="grow">{tOr(`boxEvent.${event.kind}`, event.kind)}</span>
            <time class="small faint figures">{moment(event.at)}</time>
          </li>
        ))}
      </ul>
      <div class="actions">
        {!list.done && <Button onClick={list.more}>{t('do.more')}</Button>}
        <Button kind="primary" onClick={onClose}>
          {t('do.close')}
        </Button>
      </div>
    </Dialog>
  );
}
