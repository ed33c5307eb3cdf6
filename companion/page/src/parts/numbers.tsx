/** A row of numbers, each with its name and what it is. */
import type { ComponentChildren } from 'preact';

export type NumberRow = readonly [name: string, value: ComponentChildren, is: ComponentChildren];

export function Numbers({ rows }: { rows: readonly NumberRow[] }) {
  return (
    <dl class="numbers">
      {rows.map(([name, value, is]) => (
        <div key={name}>
          <dt class="small soft">{name}</dt>
          <dd class="figures">{value}</dd>
          <dd class="small faint">{is}</dd>
        </div>
      ))}
    </dl>
  );
}
