/** One screen: its heading, what can be done here, its content. Names the window too. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface ScreenProps {
  title: string;
  /** Shown in place of the plain title. */
  heading?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Screen({ title, heading, actions, children }: ScreenProps) {
  useEffect(() => {
    document.title = `${title} · Rackdeck`;
  }, [title]);
  return (
    <div class="screen">
      <header class="top">
        {heading ?? <h1>{title}</h1>}
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
