/** One thing that protects the account: what it is, how it stands, what can be done. */
import type { ComponentChildren } from 'preact';
import { invalidate } from '../../core/load';
import { Icon, type IconName } from '../../parts/icon';

interface PartProps {
  icon: IconName;
  title: string;
  state?: ComponentChildren;
  action?: ComponentChildren;
  children?: ComponentChildren;
}

export function Part({ icon, title, state, action, children }: PartProps) {
  return (
    <section class="part">
      <header>
        <Icon name={icon} size={20} />
        <div class="grow">
          <h2>{title}</h2>
          {state && <p class="soft">{state}</p>}
        </div>
        {action}
      </header>
      {children}
    </section>
  );
}

/** Ask again for what the account says of itself. */
export const renew = (): void => invalidate('/account');
