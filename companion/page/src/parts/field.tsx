/** One line of a form: label, control, hint, and what is wrong with it. */
import type { AllHTMLAttributes, ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { ApiError, type Problem } from '../core/api';
import { date } from '../core/format';
import { t } from '../core/texts';
import { Button } from './button';
import { Icon } from './icon';
import { wordsOf } from './toast';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  wrong?: string;
  children: (ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => ComponentChildren;
}

export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const described = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': wrong ? true : undefined })}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

type InputProps = Omit<AllHTMLAttributes<HTMLInputElement>, 'label'> & { label: string; hint?: ComponentChildren; wrong?: string };

/** The browser heeds autofocus only once for a document; screens come and go within one. */
const takeFocus = (element: HTMLInputElement | null) => element?.focus();

export function TextField({ label, hint, wrong, class: extra, autofocus, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(ids) => <input ref={autofocus ? takeFocus : undefined} class={`input ${extra ?? ''}`} {...ids} {...(rest as object)} />}
    </Field>
  );
}

/** A password that can be looked at. */
export function PasswordField({ label, hint, wrong, autofocus, ...rest }: InputProps) {
  const [seen, setSeen] = useState(false);
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(ids) => (
        <div class="with-button">
          <input ref={autofocus ? takeFocus : undefined} class="input" {...ids} {...(rest as object)} {...{ type: seen ? ('text' as const) : ('password' as const) } as object} />
          <Button kind="quiet" size="tiny" aria-pressed={seen} onClick={() => setSeen(!seen)}>
            {t(seen ? 'do.hide' : 'do.show')}
          </Button>
        </div>
      )}
    </Field>
  );
}

export function SelectField({
  label,
  hint,
  options,
  ...rest
}: Omit<AllHTMLAttributes<HTMLSelectElement>, 'label'> & { label: string; hint?: string; options: readonly (readonly [string, string])[] }) {
  return (
    <Field label={label} hint={hint}>
      {(ids) => (
        <select class="input" {...ids} {...(rest as object)}>
          {options.map(([value, text]) => (
            <option value={value} key={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Tick({ label, ...rest }: Omit<AllHTMLAttributes<HTMLInputElement>, 'label'> & { label: ComponentChildren }) {
  return (
    <label class="tick">
      <input type="checkbox" class="check" {...(rest as object)} />
      <span>{label}</span>
    </label>
  );
}

export function SearchField({ value, onValue, label }: { value: string; onValue: (value: string) => void; label: string }) {
  const [text, setText] = useState(value);
  const timer = useRef<number | undefined>(undefined);
  return (
    <div class="search">
      <Icon name="search" size={16} />
      <input
        class="input"
        type="search"
        value={text}
        placeholder={label}
        aria-label={label}
        data-search
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onValue(next.trim()), 160);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && text) {
            event.stopPropagation();
            setText('');
            onValue('');
          }
        }}
      />
    </div>
  );
}

/** The order of a list. */
export function Sorter({ value, options, onValue }: { value: string; options: readonly (readonly [string, string])[]; onValue: (value: string) => void }) {
  return (
    <label class="sorter small soft">
      {t('list.sort')}
      <select class="input fit" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([name, text]) => (
          <option value={name} key={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Segments<T extends string>({
  label,
  value,
  options,
  onValue,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, ComponentChildren])[];
  onValue: (value: T) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([name, text]) => (
        <button type="button" key={name} aria-pressed={name === value} onClick={() => onValue(name)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export interface Form {
  values: Record<string, string>;
  bind: (name: string) => { name: string; value: string; onInput: (event: Event) => void; wrong?: string };
  set: (name: string, value: string) => void;
  problem?: Problem;
  busy: boolean;
  submit: (event: Event) => void;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** What a control says against what is in it, in our words; nothing when it is right. */
function wrongOf(control: Control): string {
  const { value, validity } = control;
  const { type, minLength = 0, max = '' } = control as HTMLInputElement;
  if (control.required && !value.trim()) return t('wrong.missing');
  if (value && value.length < minLength) return t('wrong.short', { n: minLength, has: value.length });
  if (validity.valid) return '';
  if (type === 'email') return t('wrong.email');
  if (type === 'date' && validity.rangeOverflow) return t('wrong.late', { day: date(Date.parse(max)) });
  return control.validationMessage;
}

/** What is still said against a form once a field of it is being mended. */
function without(problem: Problem, field: string): Problem | undefined {
  if (!problem.errors.length) return problem;
  const errors = problem.errors.filter((one) => one.field.split('.').pop() !== field);
  return errors.length ? { ...problem, errors } : undefined;
}

/** A form's values, what the server says against them, and whether it is on its way. */
export function useForm(first: Record<string, string>, send: (values: Record<string, string>) => Promise<unknown>): Form {
  const [values, setValues] = useState(first);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const set = (name: string, value: string) => setValues((was) => ({ ...was, [name]: value }));
  const wrongs = new Map((problem?.errors ?? []).map((row) => [row.field.split('.').pop() ?? '', row.error]));
  return {
    values,
    set,
    problem: problem?.errors.some((row) => (row.field.split('.').pop() ?? '') in first) ? undefined : problem,
    busy,
    bind: (name) => ({
      name,
      value: values[name] ?? '',
      onInput: (event) => {
        set(name, (event.target as HTMLInputElement).value);
        setProblem((was) => was && without(was, name));
      },
      wrong: wrongs.get(name),
    }),
    submit: async (event) => {
      event.preventDefault();
      if (busy) return;
      // the forms say `noValidate`: the browser's own bubbles are not in our words, and not read by everybody
      const controls = [...(event.currentTarget as HTMLElement).closest('form')!.elements].filter((one): one is Control => 'validity' in one && (one as Control).name in first);
      const errors = controls.map((one) => ({ field: one.name, error: wrongOf(one) })).filter((one) => one.error);
      if (errors.length) {
        setProblem({ status: 422, slug: 'invalid', detail: '', request: '', errors });
        return controls.find((one) => one.name === errors[0]!.field)!.focus();
      }
      setBusy(true);
      setProblem(undefined);
      try {
        await send(values);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        setProblem(error.problem);
      } finally {
        setBusy(false);
      }
    },
  };
}

/** The end of a form in a dialog: what the server said against it as a whole, leaving, sending. */
export function FormEnd({ form, yes, no, danger, disabled, onCancel }: { form: Form; yes: string; no?: string; danger?: boolean; disabled?: boolean; onCancel: () => void }) {
  return (
    <>
      <FormProblem problem={form.problem} />
      <div class="actions">
        <Button kind="quiet" onClick={onCancel}>
          {no ?? t('do.cancel')}
        </Button>
        <Button kind={danger ? 'danger' : 'primary'} type="submit" disabled={disabled} aria-busy={form.busy}>
          {yes}
        </Button>
      </div>
    </>
  );
}

/** What the server said against a form as a whole. */
export function FormProblem({ problem }: { problem?: Problem }) {
  return (
    <div role="alert" class="said">
      {problem && <p class="bad">{wordsOf(problem)}</p>}
    </div>
  );
}
