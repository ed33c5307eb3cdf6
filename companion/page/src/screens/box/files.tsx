/** Files that came from a box and went to it, and those on their way. */
import { useEffect } from 'preact/hooks';
import { BASE } from '../../core/api';
import { ago, bytes, moment } from '../../core/format';
import { invalidate, useList } from '../../core/load';
import { useQuery } from '../../core/router';
import { t, tOr } from '../../core/texts';
import { LinkButton } from '../../parts/button';
import { Segments } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Bones, Progress, ShownList } from '../../parts/state';

interface BoxFile {
  id: string;
  way: 'up' | 'down';
  purpose: string;
  name: string;
  size: number;
  done: number;
  state: string;
  said: string;
  file: string; // once it is here
  changed: number;
}

const MOVING = ['waiting', 'wanted', 'checking', 'sent'];
const BAD = ['refused', 'wrong hash', 'not playable', 'failed', 'disk full'];
const LOOK_MS = 3000; // no event tells of single bytes

export function Files({ path, online }: { path: string; online: boolean }) {
  const [way, setWay] = useQuery('way');
  const list = useList<BoxFile>(`${path}/files`, { way }, 20);
  const moving = list.rows?.some((one) => MOVING.includes(one.state)) ?? false;
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && invalidate(`${path}/files`), LOOK_MS);
    return () => clearInterval(timer);
  }, [moving, path]);
  return (
    <section>
      <div class="tools">
        <h2>{t('boxFiles.title')}</h2>
        <span class="gap" />
        <Segments
          label={t('boxFiles.way')}
          value={way}
          options={[
            ['', t('boxFiles.both')],
            ['up', t('boxFiles.up')],
            ['down', t('boxFiles.down')],
          ]}
          onValue={setWay}
        />
      </div>
      <ShownList of={list} bones={<Bones height={36} />} empty={<p class="soft">{t('boxFiles.none')}</p>}>
        {(rows) => (
          <ul class="rows">
            {rows.map((one) => (
              <OneFile key={one.id} file={one} online={online} />
            ))}
          </ul>
        )}
      </ShownList>
    </section>
  );
}

/** How it stands: what is asked for does not move yet, and nothing does while the box is away. */
function stateOf({ state, done }: BoxFile, online: boolean): string {
  if (!MOVING.includes(state) || state === 'checking') return tOr(`fileState.${state}`, state);
  if (!online) return t('fileState.away');
  return tOr(`fileState.${done > 0 ? state : 'waiting'}`, state);
}

function OneFile({ file: one, online }: { file: BoxFile; online: boolean }) {
  const { way, purpose, name, size, done, state, said, file, changed } = one;
  const started = MOVING.includes(state) && done > 0;
  return (
    <li>
      <span class={`way ${started && online ? 'moves' : ''}`} title={t(way === 'up' ? 'boxFiles.up' : 'boxFiles.down')}>
        <Icon name={way === 'up' ? 'fromBox' : 'toBox'} size={16} />
        <span class="unseen">{t(way === 'up' ? 'boxFiles.up' : 'boxFiles.down')}</span>
      </span>
      <span class="grow">
        <span class="cut" title={name}>
          {name}
        </span>
        <span class="small soft sub cut figures">
          {[tOr(`filePurpose.${purpose}`, purpose), started ? t('upload.of', { sent: bytes(done), all: bytes(size) }) : bytes(size), said].filter(Boolean).join(' · ')}
        </span>
        {started && <Progress value={Math.min(1, done / size)} label={t('boxFiles.progress', { name })} />}
      </span>
      <span class={`chip ${BAD.includes(state) ? 'bad' : state === 'kept' || state === 'there' ? 'good' : ''}`}>{stateOf(one, online)}</span>
      {way === 'up' && file && <LinkButton kind="quiet" class="icon" icon="download" href={`${BASE}/files/${file}/content`} download aria-label={t('boxFiles.save', { name })} title={t('data.download')} />}
      <time class="end small faint wide-only" title={moment(changed)}>
        {ago(changed)}
      </time>
    </li>
  );
}
