/** Parts of a screen, each at an address of its own. */
import { useLayoutEffect, useRef } from 'preact/hooks';

interface TabsProps {
  label: string;
  /** Where the parts are: `/account` and the name of one. */
  base: string;
  current: string;
  tabs: readonly (readonly [name: string, text: string])[];
}

export function Tabs({ label, base, current, tabs }: TabsProps) {
  const ref = useRef<HTMLElement>(null);
  // on a narrow screen not all are in sight
  useLayoutEffect(() => {
    const all = ref.current!;
    const shown = all.querySelector<HTMLElement>('[aria-current]');
    if (shown) all.scrollLeft = shown.offsetLeft - (all.clientWidth - shown.clientWidth) / 2;
  }, [current]);
  return (
    <nav class="tabs" aria-label={label} ref={ref}>
      {tabs.map(([name, text]) => (
        <a key={name} href={`${base}${name && '/'}${name}`} aria-current={name === current ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
