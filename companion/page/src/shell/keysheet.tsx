/** `?`: all keys of the page that is shown. */
import { atom, useAtom } from '../core/atom';
import { caps, shortcuts, singleKeys } from '../core/keys';
import { t, type TextName } from '../core/texts';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Tick } from '../parts/field';

export const sheetOpen = atom(false);

const LISTS: [TextName, string][] = [
  ['keys.rows', 'ArrowUp ArrowDown'],
  ['keys.open', 'Enter'],
  ['keys.playRow', 'Space'],
  ['keys.selectRow', 'X'],
  ['keys.menu', 'M'],
];

const Caps = ({ keys }: { keys: string }) => (
  <span>
    {caps(keys).map((cap, at) => (
      <span key={at}>
        {at > 0 && ' '}
        <kbd class="key">{cap}</kbd>
      </span>
    ))}
  </span>
);

export function KeySheet() {
  const open = useAtom(sheetOpen);
  const on = useAtom(singleKeys);
  if (!open) return null;
  const all = shortcuts();
  const groups = [...new Set(all.map((one) => one.group))];
  return (
    <Dialog title={t('keys.title')} onClose={() => sheetOpen.set(false)} wide read>
      <div class="keysheet">
        {groups.map((group) => (
          <section key={group}>
            <h3>{t(group)}</h3>
            {all
              .filter((one, at) => one.group === group && all.findIndex((other) => other.name === one.name && other.group === group) === at)
              .map((one) => (
                <div key={one.keys}>
                  <span>{t(one.name)}</span>
                  <Caps keys={one.keys} />
                </div>
              ))}
          </section>
        ))}
        <section>
          <h3>{t('keys.lists')}</h3>
          {LISTS.map(([name, keys]) => (
            <div key={name}>
              <span>{t(name)}</span>
              <Caps keys={keys} />
            </div>
          ))}
        </section>
      </div>
      <Tick label={t('keys.single')} checked={on} onChange={(event) => singleKeys.set(event.currentTarget.checked)} />
      <div class="actions">
        <Button kind="primary" onClick={() => sheetOpen.set(false)}>
          {t('do.close')}
        </Button>
      </div>
    </Dialog>
  );
}
