/** Buttons. What takes time shows it on the button that began it. */
import type { AllHTMLAttributes, AnchorHTMLAttributes, ComponentChildren, TargetedMouseEvent } from 'preact';
import { useState } from 'preact/hooks';
import { Icon, type IconName } from './icon';
import { failed } from './toast';

type Kind = 'primary' | 'quiet' | 'danger' | '';
interface Props extends Omit<AllHTMLAttributes<HTMLButtonElement>, 'size' | 'icon' | 'kind' | 'label'> {
  kind?: Kind;
  icon?: IconName;
  size?: 'tiny' | 'large' | '';
  /** The words of a button that shows an icon only. */
  label?: string;
  children?: ComponentChildren;
  /** Work to do on a click; the button is busy meanwhile, and what goes wrong is said. */
  work?: () => unknown;
}

export function Button({ kind = '', icon, size = '', label, children, work, onClick, disabled, class: extra, ...rest }: Props) {
  const [busy, setBusy] = useState(false);
  const press = async (event: TargetedMouseEvent<HTMLButtonElement>) => {
    onClick?.(event);
    if (!work || busy) return;
    const result = work();
    if (!(result instanceof Promise)) return;
    setBusy(true);
    try {
      await result;
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const bare = children === undefined;
  return (
    <button
      type="button"
      {...(rest as object)}
      class={`button ${kind} ${size} ${bare ? 'icon' : ''} ${busy ? 'busy' : ''} ${extra ?? ''}`}
      aria-label={label}
      title={bare ? label : undefined}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      disabled={disabled}
      onClick={press}
    >
      {(icon || busy) && <Icon name={busy ? 'spinner' : icon!} size={size === 'tiny' ? 15 : 17} />}
      {children}
    </button>
  );
}

/** A link that looks like a button. */
export function LinkButton({ kind = '', icon, children, class: extra, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { kind?: Kind; icon?: IconName }) {
  return (
    <a {...(rest as object)} class={`button ${kind} ${extra ?? ''}`}>
      {icon && <Icon name={icon} size={17} />}
      {children}
    </a>
  );
}
