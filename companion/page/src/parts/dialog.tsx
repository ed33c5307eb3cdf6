/** Dialogs: the browser's own, so that focus stays inside and Escape leaves. */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { atom, useAtom } from '../core/atom';
import { t } from '../core/texts';
import { Button } from './button';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
  bare?: boolean; // without the heading, for the palette
  read?: boolean; // begins at its heading, not at what can be pressed
  class?: string;
}

export function Dialog({ title, onClose, children, wide, bare, read, class: extra }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // at once, so that what is typed next goes into it
  useLayoutEffect(() => {
    const from = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => from?.focus?.();
  }, []);
  return (
    <dialog
      ref={ref}
      class={`${wide ? 'wide' : ''} ${extra ?? ''}`}
      aria-labelledby={bare ? undefined : id}
      aria-label={bare ? title : undefined}
      onClose={onClose}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      {bare ? (
        children
      ) : (
        <div class="inside">
          <h2 id={id} tabIndex={read ? -1 : undefined} autofocus={read}>
            {title}
          </h2>
          {children}
        </div>
      )}
    </dialog>
  );
}

interface Question {
  title: string;
  text: ComponentChildren;
  yes: string;
  danger?: boolean;
  answer: (sure: boolean) => void;
}

const question = atom<Question | null>(null);

/** Ask before something that cannot be taken back. */
export const ask = (asked: Omit<Question, 'answer'>): Promise<boolean> =>
  new Promise((done) => question.set({ ...asked, answer: done }));

export function Questions() {
  const now = useAtom(question);
  if (!now) return null;
  const reply = (sure: boolean) => {
    question.set(null);
    now.answer(sure);
  };
  return (
    <Dialog title={now.title} onClose={() => reply(false)}>
      <div class="soft">{now.text}</div>
      <div class="actions">
        <Button kind="quiet" onClick={() => reply(false)}>
          {t('do.cancel')}
        </Button>
        <Button kind={now.danger ? 'danger' : 'primary'} onClick={() => reply(true)}>
          {now.yes}
        </Button>
      </div>
    </Dialog>
  );
}
