/** A menu at a button: arrows move, Escape closes and goes back to the button. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from './button';
import { Icon, type IconName } from './icon';
import { failed } from './toast';

export interface Choice {
  label: string;
  icon?: IconName;
  run: () => unknown;
  bad?: boolean;
  key?: string;
}

interface MenuProps {
  label: string;
  choices: (Choice | null)[]; // null is a line
  icon?: IconName;
  tabIndex?: number;
  text?: string;
}

export function Menu({ label, choices, icon = 'more', tabIndex, text }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLSpanElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const close = (back = true) => {
    setOpen(false);
    if (back) button.current?.querySelector('button')?.focus();
  };
  useEffect(() => {
    const box = list.current;
    const at = button.current?.getBoundingClientRect();
    if (!open || !box || !at) return undefined;
    const size = box.getBoundingClientRect();
    const below = at.bottom + size.height + 8 < innerHeight;
    box.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - size.height - 4)}px`;
    box.style.left = `${Math.max(8, Math.min(at.right - size.width, innerWidth - size.width - 8))}px`;
    box.querySelector('button')?.focus();
    const outside = (event: Event) => {
      if (!box.contains(event.target as Node) && !button.current?.contains(event.target as Node)) close(false);
    };
    const away = () => close(false);
    document.addEventListener('pointerdown', outside);
    addEventListener('scroll', away, { passive: true });
    return () => {
      document.removeEventListener('pointerdown', outside);
      removeEventListener('scroll', away);
    };
  }, [open]);
  const move = (event: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      all[to % all.length]?.focus();
      event.preventDefault();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      close();
      event.preventDefault();
    }
    event.stopPropagation();
  };
  return (
    <span ref={button}>
      <Button
        kind="quiet"
        icon={icon}
        label={text ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open}
        tabIndex={tabIndex}
        data-menu
        onClick={(event) => {
          event.stopPropagation();
          setOpen(!open);
        }}
      >
        {text}
      </Button>
      {open && (
        <div class="menu" role="menu" aria-label={label} ref={list} onKeyDown={move}>
          {choices.map((choice, at) =>
            choice ? (
              <button
                type="button"
                role="menuitem"
                tabIndex={-1}
                key={at}
                class={choice.bad ? 'bad' : ''}
                onClick={(event) => {
                  event.stopPropagation();
                  close();
                  Promise.resolve(choice.run()).catch(failed);
                }}
              >
                {choice.icon && <Icon name={choice.icon} size={16} />}
                {choice.label}
                {choice.key && <kbd>{choice.key}</kbd>}
              </button>
            ) : (
              <hr key={at} />
            ),
          )}
        </div>
      )}
    </span>
  );
}
