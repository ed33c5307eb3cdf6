/** Short messages at the edge: what was done, with undo; what failed, with the request's number. */
import { asProblem, type Problem } from '../core/api';
import { atom, useAtom } from '../core/atom';
import { t } from '../core/texts';
import { Button } from './button';

interface Toast {
  id: number;
  text: string;
  problem?: Problem;
  action?: { label: string; run: () => unknown };
}

export const toasts = atom<Toast[]>([]);
let count = 0;

const drop = (id: number) => toasts.update((all) => all.filter((one) => one.id !== id));

function show(toast: Omit<Toast, 'id'>, ms: number): void {
  const id = (count += 1);
  toasts.update((all) => [...all.slice(-2), { ...toast, id }]);
  setTimeout(drop, ms, id);
}

/** Say that something was done. */
export function say(text: string, action?: Toast['action']): void {
  show({ text, action }, action ? 9000 : 5000);
}

/** The words of a problem. */
export function wordsOf(problem: Problem): string {
  return problem.slug === 'offline' ? t('problem.offline') : problem.detail;
}

/** Say that something failed. */
export function failed(error: unknown): void {
  const problem = asProblem(error);
  show({ text: wordsOf(problem), problem }, 12_000);
}

export function Toasts({ beside }: { beside: boolean }) {
  const all = useAtom(toasts);
  return (
    <section class={`toasts ${beside ? 'beside' : ''}`} aria-live="polite" aria-label={t('toast.region')}>
      {all.map(({ id, text, problem, action }) => (
        <div class={`toast ${problem ? 'bad' : ''}`} key={id}>
          <p>{text}</p>
          <Button kind="quiet" size="tiny" icon="close" label={t('do.dismiss')} onClick={() => drop(id)} />
          {(problem?.request || action) && (
            <div class="more">
              {action && (
                <Button
                  size="tiny"
                  work={() => {
                    drop(id);
                    return action.run();
                  }}
                >
                  {action.label}
                </Button>
              )}
              {problem?.request && <span>{t('problem.request', { id: problem.request })}</span>}
            </div>
          )}
        </div>
      ))}
    </section>
  );
}
