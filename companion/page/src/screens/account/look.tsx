/** How the page looks and is used, in this browser. */
import { useAtom } from '../../core/atom';
import { singleKeys } from '../../core/keys';
import { t } from '../../core/texts';
import { density, theme, type Density, type Theme } from '../../core/theme';
import { Button } from '../../parts/button';
import { Tick } from '../../parts/field';
import { sheetOpen } from '../../shell/keysheet';

const THEMES: Theme[] = ['dark', 'light', 'contrast', 'system'];
const DENSITIES: Density[] = ['comfortable', 'compact'];

export function Look() {
  const look = useAtom(theme);
  const rows = useAtom(density);
  const keys = useAtom(singleKeys);
  return (
    <div class="stack wide">
      <fieldset class="look">
        <legend>
          <h2>{t('look.theme')}</h2>
        </legend>
        {THEMES.map((name) => (
          <label class="swatch" key={name}>
            <input type="radio" name="theme" checked={look === name} onChange={() => theme.set(name)} />
            <svg viewBox="0 0 120 72" aria-hidden="true" class={`sample ${name}`}>
              <rect width="120" height="72" class="s-base" />
              <rect width="26" height="72" class="s-raised" />
              <path d="M7 14h12M7 24h12M7 34h8" class="s-soft" />
              <path d="M38 18h34" class="s-text" />
              <path d="M40 48v8M47 42v20M54 46v12M61 38v28" class="s-accent" />
              <path d="M68 44v16M75 40v24M82 47v10M89 43v18M96 46v12M103 49v6" class="s-soft" />
            </svg>
            <span>{t(`theme.${name}`)}</span>
          </label>
        ))}
      </fieldset>
      <fieldset class="look">
        <legend>
          <h2>{t('density.label')}</h2>
        </legend>
        <div class="ticks">
          {DENSITIES.map((name) => (
            <label class="tick" key={name}>
              <input type="radio" class="radio" name="density" checked={rows === name} onChange={() => density.set(name)} />
              <span>{t(`density.${name}`)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="look ticks">
        <h2>{t('keys.title')}</h2>
        <Tick label={t('keys.single')} checked={keys} onChange={(event) => singleKeys.set(event.currentTarget.checked)} />
        <p>
          <Button icon="keyboard" onClick={() => sheetOpen.set(true)}>
            {t('look.keys')}
          </Button>
        </p>
      </div>
    </div>
  );
}
