/** What a box can be told to do from here, and what became of what it was told. */
import { useState } from 'preact/hooks';
import type { Status } from '../../core/boxes';
import { give, SOON, type Argument, type Command, type Deed, type Value } from '../../core/commands';
import { ago, capital, hour, moment } from '../../core/format';
import { useList, useLoad } from '../../core/load';
import { t, tOr, type TextName } from '../../core/texts';
import { Button } from '../../parts/button';
import { ask, Dialog } from '../../parts/dialog';
import { Field, FormEnd, SelectField, TextField, useForm } from '../../parts/field';
import type { IconName } from '../../parts/icon';
import { Bones, ShownList } from '../../parts/state';
import { say } from '../../parts/toast';

/** Commands that stop what others may be listening to: what is asked first. */
const GRAVE: Record<string, TextName> = {
  'record.stop': 'commands.grave.record',
  'engine.restart': 'commands.grave.engine',
};

interface Quick {
  name: string;
  text: TextName;
  icon: IconName;
  seconds?: number;
  when?: (status: Status['status']) => boolean;
  done?: TextName;
}

const HOUR = 3600;
const recording = (status: Status['status']) => Boolean(status?.set?.recording);
const QUICK: Quick[] = [
  { name: 'record.start', text: 'commands.record', icon: 'record', when: (status) => !recording(status) },
  { name: 'record.stop', text: 'commands.recordStop', icon: 'stop', when: recording },
  { name: 'box.identify', text: 'commands.identify', icon: 'search', done: 'commands.identify.done' },
  { name: 'logs.send', text: 'commands.logs', icon: 'file', seconds: HOUR, done: 'commands.logs.done' },
  { name: 'engine.restart', text: 'commands.engine', icon: 'retry' },
];

/** Ask before what is grave; then have it done. */
export async function sureGive(box: string, name: string, text: string, given: Record<string, Value> = {}, seconds = SOON): Promise<Command | null> {
  const grave = GRAVE[name];
  if (grave && !(await ask({ title: text, text: t(grave), yes: text, danger: true }))) return null;
  return give(box, name, given, seconds);
}

export function Commands({ box, told }: { box: string; told: Status | undefined }) {
  const known = useLoad<Deed[]>(`/boxes/${box}/commands/known`).data;
  const [choosing, setChoosing] = useState(false);
  if (!known) return null;
  const names = new Set(known.map((one) => one.name));
  const press = async ({ name, text, seconds, done }: Quick) => {
    const command = await sureGive(box, name, t(text), {}, seconds);
    if (command?.state === 'waiting') say(t('commands.onItsWay', { when: hour(command.until) }));
    else if (command && done) say(t(done));
  };
  return (
    <section class="panel commands" aria-label={t('commands.title')}>
      <header>
        <h2>{t('commands.title')}</h2>
      </header>
      <div class="buttons wrap">
        {told?.online &&
          QUICK.filter((one) => names.has(one.name) && (one.when?.(told.status) ?? true)).map((one) => (
            <Button key={one.name} icon={one.icon} work={() => press(one)}>
              {t(one.text)}
            </Button>
          ))}
        <Button kind="quiet" icon="plus" onClick={() => setChoosing(true)}>
          {t('commands.other')}
        </Button>
      </div>
      {told && !told.online && <p class="small faint">{t('commands.away')}</p>}
      <Given box={box} known={known} />
      {choosing && <Choose box={box} known={known} onClose={() => setChoosing(false)} />}
    </section>
  );
}

const CHIP = { waiting: '', done: 'good', refused: 'bad', expired: '', failed: 'bad' };

/** The latest of them, each with the box's words. */
function Given({ box, known }: { box: string; known: Deed[] }) {
  const list = useList<Command>(`/boxes/${box}/commands`, {}, 6);
  return (
    <ShownList of={list} bones={<Bones widths={[100, 80]} />} empty={<p class="small faint">{t('commands.none')}</p>}>
      {(rows) => (
        <ul class="rows given">
          {rows.map((one) => (
            <li key={one.id}>
              <span class="grow">
                <span class="cut name">
                  {one.title} <span class="soft figures">{givenWords(one, known)}</span>
                </span>
                <span class="small soft sub">{[said(one), one.by, ago(one.given)].filter(Boolean).join(' · ')}</span>
              </span>
              <span class={`chip ${CHIP[one.state]}`} title={moment(one.until)}>
                {tOr(`command.${one.state}`, one.state)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </ShownList>
  );
}

/** What a command was given, as its names for numbers and units have it: “on”, “2.5 %”. */
function givenWords(one: Command, known: Deed[]): string {
  const rows = known.find((deed) => deed.name === one.do)?.arguments ?? [];
  return rows
    .flatMap(({ name, kind, unit, choices }) => {
      const value = one.arguments[name];
      if (value === undefined || kind === 'text') return [];
      return [choices[Number(value)] ?? `${value} ${unit}`.trim().replace('-', '−')];
    })
    .join(', ');
}

/** The box's words; of what waits, until when. */
const said = (one: Command): string => (one.state === 'waiting' ? t('commands.until', { when: one.until - Date.now() > 12 * HOUR * 1000 ? moment(one.until) : hour(one.until) }) : capital(one.said));

const WORTH: [string, TextName][] = [
  ['60', 'commands.worth.minute'],
  ['600', 'commands.worth.ten'],
  ['3600', 'commands.worth.hour'],
  ['86400', 'commands.worth.day'],
  ['604800', 'commands.worth.week'],
];

/** Any command that a box knows, with what it takes. */
function Choose({ box, known, onClose }: { box: string; known: Deed[]; onClose: () => void }) {
  const [name, setName] = useState('box.identify');
  const deed = known.find((one) => one.name === name) ?? known[0]!;
  return (
    <Dialog title={t('commands.all')} onClose={onClose}>
      <Fill key={deed.name} box={box} known={known} deed={deed} onDeed={setName} onClose={onClose} />
    </Dialog>
  );
}

function Fill({ box, known, deed, onDeed, onClose }: { box: string; known: Deed[]; deed: Deed; onDeed: (name: string) => void; onClose: () => void }) {
  const first = Object.fromEntries(deed.arguments.map((one) => [one.name, one.choices.length && one.needed ? '0' : '']));
  const form = useForm({ ...first, seconds: '60' }, async ({ seconds, ...values }) => {
    const given = Object.fromEntries(deed.arguments.map((one) => [one.name, read(one, values[one.name] ?? '')] as const).filter(([, value]) => value !== null));
    const command = await sureGive(box, deed.name, deed.title, given, Number(seconds));
    if (!command) return;
    say(command.state === 'waiting' ? t('commands.onItsWay', { when: hour(command.until) }) : t('commands.done', { title: deed.title }));
    onClose();
  });
  return (
    <form class="form" noValidate onSubmit={form.submit}>
      <Field label={t('commands.what')}>
        {(ids) => (
          <select class="input" {...ids} value={deed.name} onChange={(event) => onDeed(event.currentTarget.value)}>
            {grouped(known).map(([group, deeds]) => (
              <optgroup label={group} key={group}>
                {deeds.map((one) => (
                  <option key={one.name} value={one.name}>
                    {capital(one.title.replace(`${group}: `, ''))}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      {deed.arguments.map((one) => (
        <ArgumentField key={one.name} argument={one} bind={form.bind(one.name)} />
      ))}
      <SelectField label={t('commands.worth')} hint={t('commands.worth.hint')} options={WORTH.map(([value, text]) => [value, t(text)] as const)} {...form.bind('seconds')} />
      <FormEnd form={form} yes={t('commands.do')} danger={deed.name in GRAVE} onCancel={onClose} />
    </form>
  );
}

/** Commands by what their titles begin with, such as a deck. */
function grouped(known: Deed[]): [string, Deed[]][] {
  const groups = new Map<string, Deed[]>([[t('commands.group'), []]]);
  for (const one of known) {
    const group = one.title.includes(': ') ? one.title.split(': ')[0]! : t('commands.group');
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [...groups];
}

type Bound = ReturnType<ReturnType<typeof useForm>['bind']>;

function ArgumentField({ argument, bind }: { argument: Argument; bind: Bound }) {
  const label = tOr(`argument.${argument.name}`, argument.name);
  if (argument.kind === 'flag')
    return (
      <SelectField
        label={label}
        options={[
          ['', t('setting.off')],
          ['true', t('setting.on')],
        ]}
        {...bind}
      />
    );
  if (argument.choices.length)
    return <SelectField label={label} options={[...(argument.needed ? [] : [['', '–'] as const]), ...argument.choices.map((word, n) => [String(n), word] as const)]} {...bind} />;
  if (argument.kind === 'text') return <TextField label={label} required={argument.needed} maxLength={argument.high} {...bind} />;
  return (
    <TextField
      label={label}
      hint={t('setting.range', { low: argument.low, high: argument.high, unit: argument.unit })}
      type="number"
      required={argument.needed}
      min={argument.low}
      max={argument.high}
      step={argument.whole ? 1 : 'any'}
      {...bind}
    />
  );
}

function read(argument: Argument, text: string): Value {
  if (argument.kind === 'flag') return text === 'true' || null;
  if (text === '') return null;
  return argument.kind === 'number' ? Number(text) : text;
}
