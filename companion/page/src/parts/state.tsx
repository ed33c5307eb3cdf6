/** The states of a panel that is not simply full: on its way, empty, failed. */
import type { ComponentChildren } from 'preact';
import type { Problem } from '../core/api';
import type { Listed } from '../core/load';
import { t } from '../core/texts';
import { Button } from './button';
import { wordsOf } from './toast';

/** Grey lines in the shape of what will come. `widths` in per cent. */
export function Bones({ widths = [100, 100, 100, 100], height = 16 }: { widths?: number[]; height?: number }) {
  return (
    <div class="bones" role="status" aria-label={t('state.loading')}>
      {widths.map((width, at) => (
        <i key={at} style={{ width: `${width}%`, height: `${height}px` }} />
      ))}
    </div>
  );
}

export function Trouble({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>{problem.slug === 'offline' ? t('problem.notKept') : wordsOf(problem)}</p>
      {problem.request && (
        <p class="small faint">
          {t('problem.noted')} <code>{problem.request}</code>
        </p>
      )}
      {retry && (
        <Button icon="retry" onClick={retry}>
          {t('do.retry')}
        </Button>
      )}
    </div>
  );
}

export function Empty({ title, children, actions }: { title: string; children?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

/** One of: the problem, the bones, or what `children` make of the data. */
export function Shown<T>({
  of,
  bones,
  children,
}: {
  of: { data: T | undefined; problem: Problem | undefined; reload: () => void };
  bones?: ComponentChildren;
  children: (data: T) => ComponentChildren;
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.problem) return <Trouble problem={of.problem} retry={of.reload} />;
  return <>{bones ?? <Bones />}</>;
}

/** The same of a list in pages; `empty` is in place of rows where there are none. */
export function ShownList<Row>({
  of: { rows, problem, done, more, reload },
  bones,
  empty,
  children,
}: {
  of: Listed<Row>;
  bones?: ComponentChildren;
  empty?: ComponentChildren;
  children: (rows: Row[]) => ComponentChildren;
}) {
  if (!rows) return problem ? <Trouble problem={problem} retry={reload} /> : <>{bones ?? <Bones />}</>;
  return (
    <>
      {rows.length ? children(rows) : empty}
      {!done && (
        <Button kind="quiet" onClick={more}>
          {t('do.more')}
        </Button>
      )}
    </>
  );
}

/** Done of all, 0…1; without a number, busy. */
export function Progress({ value, label, state = '' }: { value?: number; label: string; state?: '' | 'done' | 'failed' }) {
  const known = value !== undefined;
  return (
    <div
      class={`bar ${state} ${known ? '' : 'unknown'}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(100 * value) : undefined}
    >
      <i style={known ? { transform: `scaleX(${value})` } : undefined} />
    </div>
  );
}
