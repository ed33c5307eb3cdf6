/** What happened with a box. */
import { moment } from '../../core/format';
import { useList } from '../../core/load';
import { t, tOr } from '../../core/texts';
import { Bones, ShownList } from '../../parts/state';

interface BoxEvent {
  id: number;
  kind: string;
  detail: Record<string, unknown>;
  at: number;
}

/** What more there is to say of an event: the new name, to whom, which software. */
function detailOf({ detail }: BoxEvent): string {
  const versions = Object.entries((detail['versions'] as Record<string, string> | undefined) ?? {});
  return String(detail['name'] ?? detail['to'] ?? versions.map((one) => one.join(' ')).join(', '));
}

export function Activity({ path }: { path: string }) {
  const list = useList<BoxEvent>(`${path}/activity`, {}, 50);
  return (
    <section>
      <h2>{t('boxes.activity')}</h2>
      <ShownList of={list} bones={<Bones />} empty={<p class="soft">{t('boxes.activity.none')}</p>}>
        {(rows) => (
          <ul class="rows">
            {rows.map((event) => (
              <li key={event.id}>
                <span class="grow">
                  {tOr(`boxEvent.${event.kind}`, event.kind)} <span class="soft">{detailOf(event)}</span>
                </span>
                <time class="small faint figures">{moment(event.at)}</time>
              </li>
            ))}
          </ul>
        )}
      </ShownList>
    </section>
  );
}
