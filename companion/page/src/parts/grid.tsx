/** A long list in columns: only the rows in sight are drawn. One tab stop; arrows move, Enter opens, Space plays, X selects. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAtom } from '../core/atom';
import { go } from '../core/router';
import { t } from '../core/texts';
import { density } from '../core/theme';

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** What the server calls the order; without, the column does not sort. */
  sort?: string;
  class?: string;
  hidden?: boolean;
}

interface GridProps<Row> {
  label: string;
  rows: Row[];
  total?: number;
  done: boolean;
  more: () => void;
  columns: Column<Row>[];
  id: (row: Row) => string;
  name: (row: Row) => string;
  href: (row: Row) => string;
  sort: string; // `added`, or `-added` for the other way round
  onSort: (sort: string) => void;
  onSpace?: (row: Row) => void;
  selected: ReadonlySet<string>;
  onSelect: (selected: Set<string>) => void;
  current?: string | undefined;
  template: string; // the stylesheet's class for the widths
}

const AHEAD = 8;

export function Grid<Row>(props: GridProps<Row>) {
  const { rows, columns, id, selected, onSelect } = props;
  const body = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 30 });
  const [active, setActive] = useState(0);
  const anchor = useRef(0);
  const dense = useAtom(density);
  const height = () => Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 52;
  const [rowHeight, setRowHeight] = useState(52);

  useEffect(() => setRowHeight(height()), [dense]);
  useEffect(() => {
    const look = () => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowHeight) - AHEAD);
      const last = Math.ceil((innerHeight - top) / rowHeight) + AHEAD;
      setRange((was) => (was.first === first && was.last === last ? was : { first, last }));
      if (!props.done && last > rows.length - 20) props.more();
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  });

  const pick = (at: number, event: { shiftKey: boolean }) => {
    const next = new Set(selected);
    if (event.shiftKey) {
      const [from, to] = [Math.min(anchor.current, at), Math.max(anchor.current, at)];
      for (const row of rows.slice(from, to + 1)) next.add(id(row));
    } else {
      const key = id(rows[at]!);
      if (!next.delete(key)) next.add(key);
      anchor.current = at;
    }
    onSelect(next);
  };
  const focusRow = (at: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, at));
    setActive(to);
    const box = body.current!.getBoundingClientRect();
    const y = box.top + to * rowHeight;
    if (y < 120 || y + rowHeight > innerHeight - 120) scrollBy(0, y - innerHeight / 2);
    // drawn first, if it was out of sight
    requestAnimationFrame(() => requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-at="${to}"]`)?.focus()));
  };
  const key = (event: KeyboardEvent) => {
    const row = rows[active];
    if (!row || !(event.target instanceof HTMLElement) || event.target.getAttribute('role') !== 'row') return;
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: rows.length - 1, PageDown: active + 10, PageUp: active - 10 }[event.key];
    if (to !== undefined) focusRow(to);
    else if (event.key === 'Enter') go(props.href(row));
    else if (event.key === ' ') props.onSpace?.(row);
    else if (event.key === 'x' || event.key === 'X') pick(active, event);
    else if (event.key === 'm' || event.key === 'M') event.target.querySelector<HTMLElement>('[data-menu]')?.click();
    else if (event.key === 'Escape' && selected.size) onSelect(new Set());
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const first = Math.min(range.first, rows.length);
  const last = Math.min(range.last, rows.length);
  const shown = columns.filter((column) => !column.hidden);
  const everything = rows.length > 0 && rows.every((row) => selected.has(id(row)));

  return (
    <div class={`grid ${props.template} ${selected.size ? 'selecting' : ''}`} role="grid" aria-label={props.label} aria-rowcount={props.total !== undefined ? props.total + 1 : props.done ? rows.length + 1 : -1} aria-multiselectable>
      <div class="grid-head" role="row" aria-rowindex={1}>
        <div role="columnheader" class="pick">
          <input type="checkbox" class="check" aria-label={t('grid.all')} checked={everything} onChange={() => onSelect(everything ? new Set() : new Set(rows.map(id)))} />
        </div>
        {shown.map((column) => {
          const down = props.sort === `-${column.sort}`;
          const on = column.sort !== undefined && (down || props.sort === column.sort);
          return (
            <div role="columnheader" key={column.id} class={column.class} aria-sort={on ? (down ? 'descending' : 'ascending') : undefined}>
              {column.sort ? (
                <button type="button" onClick={() => props.onSort(on && !down ? `-${column.sort}` : column.sort!)}>
                  {column.title}
                  <i aria-hidden="true">{on ? (down ? '↓' : '↑') : ''}</i>
                </button>
              ) : (
                <span class={column.title.startsWith('.') ? 'unseen' : ''}>{column.title.replace('.', '')}</span>
              )}
            </div>
          );
        })}
      </div>
      <div ref={body} role="rowgroup" onKeyDown={key} style={{ height: `${rows.length * rowHeight}px`, position: 'relative' }}>
        {rows.slice(first, last).map((row, offset) => {
          const at = first + offset;
          const one = id(row);
          return (
            <div
              role="row"
              class={`grid-row ${props.current === one ? 'current' : ''}`}
              key={one}
              data-at={at}
              aria-rowindex={at + 2}
              aria-selected={selected.has(one)}
              tabIndex={at === Math.min(active, rows.length - 1) ? 0 : -1}
              style={{ top: `${at * rowHeight}px` }}
              onFocus={() => setActive(at)}
              onClick={(event) => {
                if ((event.target as Element).closest('a, button, input, .menu')) return;
                if (event.ctrlKey || event.metaKey || event.shiftKey) pick(at, event);
                else go(props.href(row));
              }}
            >
              <div role="gridcell" class="pick">
                <input type="checkbox" class="check" tabIndex={-1} aria-label={t('grid.select', { name: props.name(row) })} checked={selected.has(one)} onClick={(event) => pick(at, event)} />
              </div>
              {shown.map((column) => (
                <div role="gridcell" key={column.id} class={column.class}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
