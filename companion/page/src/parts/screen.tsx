/** One screen: its heading, what can be done here, its content. Names the window too. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Loaded } from '../core/load';
import { t } from '../core/texts';
import { LinkButton } from './button';
import { Bones, Trouble } from './state';

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

/** A screen of one thing that is loaded first: its bones, why it is not there, or what `children` make of it. */
export function ScreenOf<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (!of.problem)
    return (
      <div class="screen">
        <Bones widths={[40, 25]} height={28} />
        <Bones widths={[100]} height={220} />
      </div>
    );
  if (of.problem.status === 404)
    return (
      <Screen title={t('lost.title')}>
        <p class="soft">{t('lost.gone')}</p>
        <p class="after">
          <LinkButton href="/">{t('lost.home')}</LinkButton>
        </p>
      </Screen>
    );
  return (
    <Screen title={t('lost.failed')}>
      <Trouble problem={of.problem} retry={of.reload} />
    </Screen>
  );
}
