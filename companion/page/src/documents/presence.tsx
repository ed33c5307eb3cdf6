/** How a document stands to the companion, and who else has it open. */
import { useEffect, useState } from 'preact/hooks';
import { useAtom } from '../core/atom';
import { t } from '../core/texts';
import { Face } from '../parts/artwork';
import { Icon, type IconName } from '../parts/icon';
import type { Person, Shared, Standing } from './shared';

const SLOW_MS = 1200; // until an edit that has not arrived is worth a word

const SIGNS: Partial<Record<Standing, IconName>> = { inStep: 'check', offline: 'info', refused: 'alert', full: 'alert' };

/** Whether it is in step: with words, as a colour alone says nothing. */
export function StandingMark({ shared }: { shared: Shared }) {
  const standing = useAtom(shared.standing);
  const arrived = useAtom(shared.arrived);
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (arrived) return undefined;
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [arrived]);
  const sending = standing === 'inStep' && slow;
  const offline = standing === 'offline';
  const words = sending
    ? t('document.sending')
    : offline
      ? t(arrived ? 'document.offline' : 'document.offline.kept')
      : standing === 'inStep'
        ? t('document.inStep')
        : standing === 'refused' || standing === 'full'
          ? t(`document.${standing}`)
          : t('document.connecting');
  return (
    <span class="standing small" data-standing={standing} role="status">
      <Icon name={sending ? 'spinner' : (SIGNS[standing] ?? 'spinner')} size={15} />
      {words}
    </span>
  );
}

/** Others who have it open, each with a colour and a name. */
export function People({ shared }: { shared: Shared }) {
  const people = useAtom(shared.people);
  if (!people.length) return null;
  return (
    <ul class="people-here" aria-label={t('document.here')}>
      {people.slice(0, 6).map((one) => (
        <li key={one.client} class={`colour-${one.colour}`}>
          <Face name={one.name} />
          <span class="unseen">{one.name}</span>
        </li>
      ))}
      {people.length > 6 && <li class="small soft">+{people.length - 6}</li>}
    </ul>
  );
}

/** Who is at one place of it. */
export function Here({ people, at }: { people: Person[]; at: string }) {
  const found = people.filter((one) => one.at === at);
  if (!found.length) return null;
  return (
    <span class={`writer small colour-${found[0]!.colour}`}>
      {found.length === 1 ? t('document.writes', { name: found[0]!.name }) : t('document.writeTogether', { names: found.map((one) => one.name).join(', ') })}
    </span>
  );
}
