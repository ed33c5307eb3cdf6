/** A box's settings: what its owner wants, what the box made of it. */
import { useMemo, useState } from 'preact/hooks';
import { ApiError, asProblem, call, type Problem } from '../../core/api';
import { typed, type Configuration, type Setting } from '../../core/configuration';
import { bytes, moment } from '../../core/format';
import { keep, useLoad } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Button } from '../../parts/button';
import { Field } from '../../parts/field';
import { Bones, Shown } from '../../parts/state';
import { say } from '../../parts/toast';

export function Settings({ path, name }: { path: string; name: string }) {
  const told = useLoad<Configuration>(`${path}/configuration`);
  return (
    <Shown of={told} bones={<Bones widths={[30, 100, 100, 100]} height={36} />}>
      {(wanted) => <Form path={`${path}/configuration`} wanted={wanted} name={name} reload={told.reload} />}
    </Shown>
  );
}

/** As a control shows it; empty is the box's own. */
const shown = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

interface FormProps {
  path: string;
  wanted: Configuration;
  name: string;
  reload: () => void;
}

function Form({ path, wanted, name, reload }: FormProps) {
  const [draft, setDraft] = useState<Record<string, string>>({});
  const [seen, setSeen] = useState(wanted.revision); // by whom the draft was begun on
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const changed = wanted.known.filter((one) => draft[one.name] !== undefined && draft[one.name] !== shown(wanted.settings[one.name]));
  const base = changed.length ? seen : wanted.revision;
  const conflict = changed.length > 0 && base !== wanted.revision;
  const groups = useMemo(() => grouped(wanted.known), [wanted.known]);
  const wrongs = new Map([
    ...(wanted.applied === wanted.revision ? wanted.refused.map((one) => [one.name, t('setting.refused', { said: one.said })] as const) : []),
    ...(problem?.errors ?? []).map((one) => [one.field.replace('settings.', ''), one.error] as const),
  ]);
  const set = (setting: Setting, text: string) => {
    if (!changed.length) setSeen(wanted.revision);
    setDraft((was) => ({ ...was, [setting.name]: text }));
  };
  const save = async (event: Event) => {
    event.preventDefault();
    if (busy || !changed.length) return;
    setBusy(true);
    setProblem(undefined);
    const settings = { ...wanted.settings, ...Object.fromEntries(changed.map((one) => [one.name, typed(one, draft[one.name] ?? '')])) };
    try {
      keep(path, await call<Configuration>('PUT', path, { body: { settings }, headers: { 'If-Match': `"${base}"` } }));
      setDraft({});
      say(t('settings.saved', { name }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(asProblem(error));
      if (error.problem.status === 412) reload();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="settings" onSubmit={save} noValidate={false}>
      <Standing wanted={wanted} />
      {conflict && (
        <div class="note" role="alert">
          <p>{t('settings.conflict')}</p>
          <span class="buttons">
            <Button kind="quiet" onClick={() => setDraft({})}>
              {t('settings.theirs')}
            </Button>
            <Button
              onClick={() => {
                setSeen(wanted.revision);
                setProblem(undefined);
              }}
            >
              {t('settings.mine')}
            </Button>
          </span>
        </div>
      )}
      {groups.map(([group, settings]) => (
        <section key={group}>
          <h2>{tOr(`settings.${group}`, group)}</h2>
          <div class="setting-rows">
            {settings.map((one) => (
              <One key={one.name} setting={one} text={draft[one.name] ?? shown(wanted.settings[one.name])} wrong={wrongs.get(one.name)} changed={changed.includes(one)} set={(text) => set(one, text)} />
            ))}
          </div>
        </section>
      ))}
      <div class={`save-bar ${changed.length ? 'on' : ''}`} role="status">
        {changed.length > 0 && (
          <>
            <span>{t('settings.changed', { n: changed.length })}</span>
            {problem && !problem.errors.length && problem.status !== 412 && <span class="bad">{problem.detail}</span>}
            <span class="gap" />
            <Button kind="quiet" onClick={() => setDraft({})}>
              {t('settings.discard')}
            </Button>
            <Button kind="primary" type="submit" disabled={conflict} aria-busy={busy}>
              {t('do.save')}
            </Button>
          </>
        )}
      </div>
    </form>
  );
}

/** Whether the box goes by what is wanted. */
function Standing({ wanted: { revision, applied, applied_at, refused } }: { wanted: Configuration }) {
  const text = !revision
    ? t('settings.none')
    : applied !== revision
      ? t('settings.waits')
      : refused.length
        ? t('settings.refusals', { n: refused.length })
        : t('settings.applied', { when: applied_at ? moment(applied_at) : '' });
  return (
    <p class="standing" role="status">
      <span class={`dot ${!revision ? '' : applied !== revision ? 'accent' : refused.length ? 'bad' : 'good'}`} />
      {text}
    </p>
  );
}

interface OneProps {
  setting: Setting;
  text: string;
  wrong: string | undefined;
  changed: boolean;
  set: (text: string) => void;
}

function One({ setting, text, wrong, changed, set }: OneProps) {
  const usual = setting.default === null ? t('setting.own') : t('setting.usual', { value: words(setting, String(setting.default)) });
  const hint = [
    setting.kind === 'number' && t('setting.range', { low: setting.low.toLocaleString('en'), high: setting.high.toLocaleString('en'), unit: setting.unit }),
    setting.takes === 'at the next start' && t('setting.atStart'),
  ]
    .filter(Boolean)
    .join(' ');
  const choices = setting.kind === 'flag' ? ['true', 'false'] : setting.choices;
  return (
    <div class={changed ? 'changed' : ''}>
      <Field label={tOr(`setting.${setting.name}`, setting.title)} hint={hint || undefined} wrong={wrong}>
        {(ids) =>
          choices.length ? (
            <select class="input" {...ids} value={text} onChange={(event) => set(event.currentTarget.value)}>
              <option value="">{usual}</option>
              {choices.map((one) => (
                <option key={one} value={one}>
                  {words(setting, one)}
                </option>
              ))}
            </select>
          ) : (
            <input
              class="input"
              {...ids}
              {...((setting.kind === 'number' ? { type: 'number', min: setting.low, max: setting.high, step: 1 } : { type: 'text', maxLength: setting.high }) as object)}
              value={text}
              placeholder={usual}
              onInput={(event) => set(event.currentTarget.value)}
            />
          )
        }
      </Field>
    </div>
  );
}

/** A value as it is read: on, 128 frames, 512 KiB/s. */
function words({ kind, unit }: Setting, value: string): string {
  if (kind === 'flag') return t(value === 'true' ? 'setting.on' : 'setting.off');
  if (unit === 'bytes/s') return `${bytes(Number(value))}/s`;
  return unit ? `${value} ${unit}` : value;
}

/** By what their names begin with: files, remote, mixer … */
function grouped(known: Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const one of known) {
    const group = one.name.split('.')[0] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [...groups];
}
