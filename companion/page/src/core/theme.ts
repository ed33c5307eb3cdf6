/** How the page looks: theme and density, remembered by this browser. */
import { remembered } from './atom';

export type Theme = 'system' | 'dark' | 'light' | 'contrast';
export type Density = 'comfortable' | 'compact';

export const theme = remembered<Theme>('theme', 'dark');
export const density = remembered<Density>('density', 'comfortable');

/** The theme that is shown: the system's wish, where it is asked. */
export function shownTheme(): 'dark' | 'light' | 'contrast' {
  const wish = theme.get();
  if (wish !== 'system') return wish;
  if (matchMedia('(prefers-contrast: more)').matches) return 'contrast';
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

export const calm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A colour of the theme, for canvases: `token('accent')`. */
export const token = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function apply(): void {
  const root = document.documentElement;
  root.dataset['theme'] = shownTheme();
  root.dataset['density'] = density.get();
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', token('base'));
  dispatchEvent(new Event('themechange'));
}

export function startTheme(): void {
  apply();
  theme.watch(apply);
  density.watch(apply);
  for (const wish of ['(prefers-color-scheme: light)', '(prefers-contrast: more)'])
    matchMedia(wish).addEventListener('change', apply);
}
