/** Entries from a file: looked at first, then all of it is taken or nothing. */
import { useRef, useState } from 'preact/hooks';
import { asProblem, post, type Problem } from '../../core/api';
import { capital } from '../../core/format';
import { invalidate } from '../../core/load';
import { money } from '../../core/money';
import { t } from '../../core/texts';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { FormProblem } from '../../parts/field';
import { say } from '../../parts/toast';

interface Found {
  name: string;
  csv: string;
  posted: number;
  known: number;
  sums: { currency: string; amount: number }[];
  problem?: Problem;
}

const EXAMPLE = 'day,source,title,amount,currency,note\n2026-01-31,gig,Club night,250.00,EUR,paid in cash\n2026-01-31,store,January sales,41.37,USD,';
const path = '/earnings/imports';

export function ImportCsv({ onClose }: { onClose: () => void }) {
  const picker = useRef<HTMLInputElement>(null);
  const [found, setFound] = useState<Found>();
  const look = async (file: File | undefined) => {
    if (!file) return;
    const csv = await file.text();
    try {
      const { posted, known, sums } = await post<Pick<Found, 'posted' | 'known' | 'sums'>>(path, { csv, dry: true });
      setFound({ name: file.name, csv, posted, known, sums });
    } catch (error) {
      setFound({ name: file.name, csv, posted: 0, known: 0, sums: [], problem: asProblem(error) });
    }
  };
  const take = async () => {
    const { posted } = await post<{ posted: number }>(path, { csv: found!.csv });
    invalidate('/earnings');
    say(t('earnings.import.done', { n: posted }));
    onClose();
  };
  const refused = found?.problem?.errors ?? [];
  return (
    <Dialog title={t('earnings.import')} onClose={onClose}>
      <div class="form">
        {!found && (
          <>
            <p class="soft">{t('earnings.import.text')}</p>
            <pre class="sample" tabIndex={0}>
              {EXAMPLE}
            </pre>
            <p class="small soft">{t('earnings.import.words')}</p>
          </>
        )}
        <input ref={picker} type="file" hidden accept=".csv,text/csv" onChange={(event) => void look(event.currentTarget.files?.[0])} />
        {found && (
          <div role="status">
            <p>
              <strong>{found.name}</strong>
            </p>
            {!found.problem && (
              <p>
                {t('earnings.import.new', { n: found.posted })} {found.known > 0 && t('earnings.import.known', { n: found.known })}{' '}
                {found.sums.length > 0 && t('earnings.import.sums', { sums: found.sums.map((one) => money(one.amount, one.currency)).join(', ') })}
              </p>
            )}
            {refused.length > 0 && (
              <>
                <p class="bad">{t('earnings.import.refused')}</p>
                <ul class="refused small">
                  {refused.map((one) => (
                    <li key={one.field}>
                      <strong class="figures">{capital(one.field)}</strong> {one.error}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        )}
        <FormProblem problem={refused.length ? undefined : found?.problem} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t('do.cancel')}
          </Button>
          <Button kind={found ? '' : 'primary'} icon="file" onClick={() => picker.current?.click()}>
            {t(found ? 'earnings.import.other' : 'earnings.import.choose')}
          </Button>
          {found && !found.problem && found.posted > 0 && (
            <Button kind="primary" work={take}>
              {t('earnings.import.do', { n: found.posted })}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
