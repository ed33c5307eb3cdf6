/** What is on its way to the server: real bytes, pause, going on, taking back. */
import { useEffect, useState } from 'preact/hooks';
import { atom, useAtom } from '../core/atom';
import { bytes, hour, lasting } from '../core/format';
import { cancel, clear, goOnWith, pause, rest, resume, send, uploads, type Purpose, type Stage, type Upload } from '../core/uploads';
import { t, tOr } from '../core/texts';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Progress } from '../parts/state';
import { say, wordsOf } from '../parts/toast';

interface Target {
  purpose: Purpose;
  then?: (result: string) => void;
}

/** What dropped files are for, where the screen that is shown says so. */
export const dropInto = atom<Target>({ purpose: {} });

const picker = document.createElement('input');
picker.type = 'file';
picker.hidden = true;
picker.id = 'files';
document.body.append(picker);

/** Open the system's dialog to choose files. */
export function chooseFiles(target: Target = dropInto.get(), accept = ''): void {
  picker.value = '';
  picker.accept = accept;
  picker.multiple = true;
  picker.onchange = () => send(picker.files ?? [], target.purpose, target.then);
  picker.click();
}

/** Choose a file once more, whose upload a closed page left. */
function chooseAgain(one: Upload): void {
  picker.value = '';
  picker.accept = '';
  picker.multiple = false;
  picker.onchange = () => {
    const file = picker.files?.[0];
    if (file && !goOnWith(one.id, file)) say(t('upload.otherFile', { name: one.name }));
  };
  picker.click();
}

/** What was dropped: files, and those inside of folders but the hidden ones that systems leave there. */
async function filesOf(dropped: DataTransfer | null): Promise<File[]> {
  // asked for at once: after the first wait the browser has forgotten what was dropped
  const entries = [...(dropped?.items ?? [])].flatMap((one) => one.webkitGetAsEntry() ?? []);
  if (!entries.some((one) => one.isDirectory)) return [...(dropped?.files ?? [])];
  const inside = async (entry: FileSystemEntry): Promise<File[]> => {
    if (entry.isFile) return [await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail))];
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const found: File[] = [];
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail)); // 100 at most
      if (!some.length) return found;
      for (const one of some) if (!one.name.startsWith('.')) found.push(...(await inside(one)));
    }
  };
  return (await Promise.all(entries.map(inside))).flat();
}

/** Files that are dropped anywhere on the page. */
export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const has = (event: DragEvent) => event.dataTransfer?.types.includes('Files');
    const enter = (event: DragEvent) => {
      if (has(event) && (depth += 1)) setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (has(event) && (depth -= 1) <= 0) setOver(false);
    };
    const still = (event: DragEvent) => has(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!has(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const { purpose, then } = dropInto.get();
      void filesOf(event.dataTransfer).then((files) => send(files, purpose, then));
    };
    const pairs = { dragenter: enter, dragleave: leave, dragover: still, drop } as const;
    for (const [name, act] of Object.entries(pairs)) addEventListener(name as 'drop', act);
    return () => {
      for (const [name, act] of Object.entries(pairs)) removeEventListener(name as 'drop', act);
    };
  }, []);
  return over ? (
    <div class="dropzone">
      <Icon name="upload" size={40} />
      {t('upload.drop')}
    </div>
  ) : null;
}

function words(one: Upload): string {
  const of = t('upload.of', { sent: bytes(one.sent), all: bytes(one.size) });
  switch (one.stage) {
    case 'waiting':
      return Date.now() < rest.get() ? t('upload.later', { at: hour(rest.get()) }) : t('upload.waiting');
    case 'sending':
      return one.speed ? t('upload.sending', { of, time: lasting((one.size - one.sent) / one.speed) }) : of;
    case 'paused':
      if (!one.problem) return t('upload.paused', { of });
      if (one.problem.status === 429) return t('upload.later', { at: hour(rest.get()) });
      return t(one.problem.status === 409 || one.problem.status === 423 ? 'upload.moment' : 'upload.offline', { of });
    case 'left':
      return t('upload.left.choose', { of });
    case 'probing':
      return one.share ? t('upload.probingAt', { n: Math.round(100 * one.share) }) : t('upload.probing');
    case 'done':
      return one.duplicate ? t('upload.duplicate') : tOr(`upload.done.${one.became}`, t('upload.done'));
    default:
      return one.problem ? wordsOf(one.problem) : '';
  }
}

const GONE_MS = 4000; // after which what is finished covers nothing any more

/** What needs somebody stands on top. */
const failedFirst = (all: Upload[]) => [...all].sort((a, b) => Number(b.stage === 'failed') - Number(a.stage === 'failed'));

export function Tray() {
  const all = useAtom(uploads);
  useAtom(rest);
  const [small, setSmall] = useState(false);
  const [held, setHeld] = useState(false); // somebody is at it
  // what went as it should is in the library; the rest waits to be read
  const over = all.length > 0 && all.every((one) => one.stage === 'done' && !one.duplicate);
  useEffect(() => {
    if (!over || held) return undefined;
    const timer = setTimeout(clear, GONE_MS);
    return () => clearTimeout(timer);
  }, [over, held]);
  if (!all.length) return null;
  const count = (...stages: Stage[]) => all.filter((one) => stages.includes(one.stage)).length;
  const busy = count('waiting', 'sending', 'paused', 'probing');
  const failures = count('failed');
  const left = count('left');
  const total = all.reduce((sum, one) => sum + one.size, 0);
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  const title = busy ? t('upload.busy', { n: busy }) : failures ? t('upload.failures', { n: failures }) : left ? t('upload.left', { n: left }) : t('upload.finished');
  return (
    <section
      class="tray"
      aria-label={t('upload.tray')}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <header>
        <h2 aria-live="polite">{title}</h2>
        <Button kind="quiet" size="tiny" icon={small ? 'plus' : 'minus'} label={t(small ? 'upload.show' : 'upload.hide')} aria-expanded={!small} onClick={() => setSmall(!small)} />
        {!busy && <Button kind="quiet" size="tiny" icon="close" label={t('do.close')} onClick={clear} />}
      </header>
      {small ? (
        busy > 0 && <Progress value={total ? sent / total : 0} label={t('upload.tray')} />
      ) : (
        <ul>
          {failedFirst(all).map((one) => (
            <li key={one.id}>
              <span class="cut" title={one.name}>
                {one.track ? <a href={`/library/${one.track}`}>{one.name}</a> : one.name}
              </span>
              <span class="buttons">
                {one.stage === 'sending' && <Button kind="quiet" size="tiny" icon="pause" label={t('upload.pause', { name: one.name })} onClick={() => pause(one.id)} />}
                {(one.stage === 'paused' || (one.stage === 'failed' && !one.refused)) && (
                  <Button kind="quiet" size="tiny" icon={one.stage === 'paused' ? 'play' : 'retry'} label={t('upload.resume', { name: one.name })} onClick={() => resume(one.id)} />
                )}
                {one.stage === 'left' && (
                  <Button size="tiny" label={t('upload.choose.for', { name: one.name })} onClick={() => chooseAgain(one)}>
                    {t('upload.choose')}
                  </Button>
                )}
                {one.stage === 'done' ? (
                  <span class="good">
                    <Icon name="check" />
                  </span>
                ) : (
                  <Button kind="quiet" size="tiny" icon="close" label={t('upload.cancel', { name: one.name })} work={() => cancel(one.id)} />
                )}
              </span>
              {one.stage !== 'done' && (
                <Progress
                  value={one.stage === 'probing' ? (one.share || undefined) : one.size ? one.sent / one.size : 0}
                  label={one.name}
                  state={one.stage === 'failed' ? 'failed' : ''}
                />
              )}
              <p class={`why figures ${one.stage === 'failed' ? 'bad' : ''}`} role={one.stage === 'failed' ? 'alert' : undefined}>
                {words(one)}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
