/** The library before the first upload: why it is empty, and the one thing to do. */
import { bytes } from '../core/format';
import { useLoad } from '../core/load';
import { t } from '../core/texts';
import { Button } from '../parts/button';
import { chooseFiles } from '../shell/tray';

export function FirstUpload() {
  const limits = useLoad<{ limits: { what: string; most: number }[] }>('/account/tier').data?.limits;
  const most = (what: string) => limits?.find((one) => one.what === what)?.most ?? 0;
  return (
    <div class="first">
      <svg viewBox="0 0 420 96" aria-hidden="true">
        {Array.from({ length: 84 }, (_, n) => {
          const high = 6 + 40 * Math.abs(Math.sin(n * 0.21) * Math.cos(n * 0.057)) * (0.5 + 0.5 * Math.abs(Math.sin(n * 1.7)));
          return <rect key={n} x={n * 5} y={48 - high} width="2.6" height={2 * high} rx="1.3" />;
        })}
      </svg>
      <h2>{t('library.first')}</h2>
      <p class="soft">{t('library.first.text')}</p>
      <div class="actions">
        <Button kind="primary" size="large" icon="upload" onClick={() => chooseFiles()}>
          {t('library.first.do')}
        </Button>
      </div>
      <p class="small faint">
        {t('library.first.kinds')} {limits && t('library.first.room', { n: most('tracks'), storage: bytes(most('storage')) })}
      </p>
    </div>
  );
}
