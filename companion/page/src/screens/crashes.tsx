/** What crashed on boxes: in a list, and each with where it was and its last lines. */
import { useState } from 'preact/hooks';
import { BASE } from '../core/api';
import type { Crash } from '../core/boxes';
import { ago, moment } from '../core/format';
import { useLoad } from '../core/load';
import { t, tOr } from '../core/texts';
import { Button, LinkButton } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Shown } from '../parts/state';

/** Of a box; for who administers, with whose box it was. */
type Row = Crash & { box_name?: string; owner_name?: string };

/** What people call a program of a box. */
const part = (process: string) => tOr(`box.part.${process}`, process);

/** `path`: where the API has them. */
export function CrashRows({ rows, path }: { rows: Row[]; path: string }) {
  const [open, setOpen] = useState<number>();
  return (
    <>
      <ul class="rows links">
        {rows.map((one) => (
          <li key={one.id}>
            <span class="dot bad" />
            <span class="grow">
              <button type="button" class="plain stretched cut" onClick={() => setOpen(one.id)}>
                {part(one.process)}
              </button>
              <span class="small soft sub cut">{[one.reason, one.version, one.box_name, one.owner_name].filter(Boolean).join(' · ')}</span>
            </span>
            <time class="end small faint" title={moment(one.crashed)}>
              {ago(one.crashed)}
            </time>
          </li>
        ))}
      </ul>
      {open !== undefined && <OneCrash path={`${path}/${open}`} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function OneCrash({ path, onClose }: { path: string; onClose: () => void }) {
  const told = useLoad<Crash & { report: Record<string, unknown> }>(path);
  const lines = (value: unknown) => (Array.isArray(value) ? value.map(String).join('\n') : String(value ?? ''));
  return (
    <Dialog title={told.data ? part(told.data.process) : t('box.crashes')} onClose={onClose} wide>
      <Shown of={told}>
        {(one) => (
          <>
            <p class="soft">
              {one.reason} · {one.version} · {moment(one.crashed)}
            </p>
            {(['stack', 'lines'] as const).map((name) => {
              const text = lines(one.report[name]);
              return (
                text && (
                  <section key={name}>
                    <h3>{t(`box.crash.${name}`)}</h3>
                    <pre class="sample" tabIndex={0}>
                      {text}
                    </pre>
                  </section>
                )
              );
            })}
            <div class="actions">
              <LinkButton icon="download" href={`${BASE}${path}`} download={`crash-${one.process}-${one.id}.json`}>
                {t('box.crash.save')}
              </LinkButton>
              <Button kind="primary" onClick={onClose}>
                {t('do.close')}
              </Button>
            </div>
          </>
        )}
      </Shown>
    </Dialog>
  );
}
