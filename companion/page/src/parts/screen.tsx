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

/** What cannot be found: an address of no screen, or a thing that is gone. */
export function Lost({ text }: { text: string }) {
  return (
    <Screen title={t('lost.title')} heading={<h1 class="unseen">{t('lost.title')}</h1>}>
      <div class="lost">
        <svg viewBox="0 0 420 64" aria-hidden="true">
          <path d="M0 32h130c14 0 12-22 22-22s12 44 24 44 12-36 22-36 10 24 20 24 6-10 14-10h188" />
        </svg>
        <p class="title">{t('lost.title')}</p>
        <p class="soft">{text}</p>
        <code class="small faint">{location.pathname}</code>
        <div class="actions">
          <LinkButton kind="primary" href="/">
            {t('lost.home')}
          </LinkButton>
          <LinkButton icon="library" href="/library">
            {t('lost.library')}
          </LinkButton>
        </div>
      </div>
    </Screen>
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
  if (of.problem.status === 404) return <Lost text={t('lost.gone')} />;
  return (
    <Screen title={t('lost.failed')}>
      <Trouble problem={of.problem} retry={of.reload} />
    </Screen>
  );
}
