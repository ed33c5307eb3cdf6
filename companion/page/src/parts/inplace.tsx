/** A value that is edited where it stands: Enter or leaving saves, Escape takes it back. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem } from '../core/api';
import { failed } from './toast';

interface InPlaceProps {
  label: string;
  value: string;
  save: (value: string) => Promise<unknown>;
  placeholder?: string;
  disabled?: boolean;
  maxLength?: number;
  long?: boolean;
  class?: string;
  inputMode?: 'decimal' | 'numeric';
  list?: string;
}

export function InPlace({ label, value, save, placeholder, disabled, maxLength, long, class: extra, inputMode, list }: InPlaceProps) {
  const [text, setText] = useState(value);
  const [wrong, setWrong] = useState(false);
  const typing = useRef(false);
  useEffect(() => {
    if (!typing.current) setText(value);
  }, [value]);
  const commit = async () => {
    typing.current = false;
    const wanted = text.trim();
    if (wanted === value) return setText(value);
    try {
      await save(wanted);
      setWrong(false);
    } catch (error) {
      // what the service does not take stays, so that it can be mended
      const refused = asProblem(error).status === 422;
      setWrong(refused);
      if (!refused) setText(value);
      failed(error);
    }
  };
  const shared = {
    class: `inplace ${extra ?? ''}`,
    'aria-label': label,
    'aria-invalid': wrong || undefined,
    value: text,
    placeholder: disabled ? '–' : (placeholder ?? '–'),
    disabled,
    maxLength,
    spellcheck: false,
    onFocus: () => {
      typing.current = true;
    },
    onBlur: () => void commit(),
    onKeyDown: (event: KeyboardEvent) => {
      const field = event.currentTarget as HTMLInputElement;
      if (event.key === 'Enter' && (!long || event.ctrlKey || event.metaKey)) field.blur();
      if (event.key === 'Escape') {
        setText(value);
        setWrong(false);
        typing.current = false;
        requestAnimationFrame(() => field.blur());
        event.stopPropagation();
      }
    },
  };
  return long ? (
    <textarea {...shared} rows={Math.min(16, Math.max(2, text.split('\n').length))} onInput={(event) => setText(event.currentTarget.value)} />
  ) : (
    <input type="text" autocomplete="off" inputMode={inputMode} list={list} {...shared} onInput={(event) => setText(event.currentTarget.value)} />
  );
}
