/** What was measured, in pictures: loudness over time and the spectrum. */
import { useAtom } from '../../core/atom';
import { clock, decibels } from '../../core/format';
import { useLoad } from '../../core/load';
import { play, player, seek } from '../../core/player';
import { ruler } from '../../core/ruler';
import { t } from '../../core/texts';
import { playable, type Track } from '../../core/tracks';
import { Chart } from '../../parts/chart';
import { Bones, Shown } from '../../parts/state';
import { followHead, headOf } from '../../shell/playerbar';

interface Told {
  loudness: { step_seconds: number; short_term: number[] };
  spectrum: [number, number | null][];
}

/** 160, 3.2 k: as many digits as the width of a band allows. */
const hertz = (value: number) => (value >= 1000 ? `${Number((value / 1000).toPrecision(2))} k` : String(Number(value.toPrecision(2))));
const whole = (value: number) => String(Math.round(value)).replace('-', '−');
const WINDOW = 3; // seconds that short-term loudness looks at

export function Measures({ track }: { track: Track }) {
  const told = useLoad<Told>(track.recording ? `/recordings/${track.recording}/measures` : null);
  const mine = useAtom(player).track?.id === track.id;
  return (
    <Shown of={told} bones={<Bones widths={[100, 100]} height={190} />}>
      {({ loudness, spectrum }) => {
        const points = loudness.short_term.map((value, n) => [WINDOW / 2 + n * loudness.step_seconds, value <= -70 ? null : value] as const);
        const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
        const loudest = points.reduce((best, one) => ((one[1] ?? -99) > (best?.[1] ?? -99) ? one : best), points[0]);
        const quietest = values.length ? Math.min(...values) : 0;
        const floor = Math.max(-60, Math.floor((quietest - 3) / 6) * 6);
        const loudTicks = [];
        for (let at = floor; at <= 0; at += floor < -36 ? 12 : 6) loudTicks.push(at);
        const bands = spectrum.filter(([, level]) => level !== null) as [number, number][];
        const strongest = bands.reduce((best, one) => (one[1] > best[1] ? one : best), bands[0] ?? [0, 0]);
        const top = Math.ceil((strongest[1] + 3) / 10) * 10;
        return (
          <>
            <h2 class="unseen">{t('measure.title')}</h2>
            {points.length > 1 && loudest && (
              <Chart
                title={t('measure.loudness')}
                says={t('measure.loudness.says', { loudest: decibels(loudest[1], 'LUFS'), at: clock(loudest[0]), range: decibels(values.length ? Math.max(...values) - quietest : null, 'LU') })}
                points={points}
                x={clock}
                y={whole}
                xTicks={ruler(WINDOW / 2, track.seconds, 6)}
                yTicks={loudTicks}
                lines={track.loudness === null ? [] : [{ value: track.loudness, label: t('measure.whole', { value: decibels(track.loudness, 'LUFS') }) }]}
                xName={t('measure.time')}
                yName="LUFS"
                onPick={(at) => (mine ? seek(at) : play(playable(track), [], at))}
                head={mine ? headOf(track.id) : undefined}
                subscribe={mine ? followHead : undefined}
              />
            )}
            {bands.length > 0 && (
              <Chart
                title={t('measure.spectrum')}
                says={t('measure.spectrum.says', { at: hertz(strongest[0]) })}
                points={spectrum}
                logarithmic
                bars
                x={hertz}
                y={whole}
                xTicks={[50, 100, 200, 500, 1000, 2000, 5000, 10_000]}
                yTicks={[top - 80, top - 60, top - 40, top - 20, top]}
                xName="Hz"
                yName="dB"
              />
            )}
          </>
        );
      }}
    </Shown>
  );
}
