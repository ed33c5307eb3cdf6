/** What a box does just now: what is on its decks, its set, or why it is away. */
import { useEffect, useState } from 'preact/hooks';
import type { Deck, Status } from '../../core/boxes';
import { give, type Deed } from '../../core/commands';
import { ago, bpm, clock, lasting } from '../../core/format';
import { useLoad } from '../../core/load';
import { calledSet } from '../../core/sets';
import { t, tOr } from '../../core/texts';
import { usePanel, type Panel } from '../../core/watching';
import { Button } from '../../parts/button';
import { ask } from '../../parts/dialog';
import { Progress } from '../../parts/state';

/** Seconds since a moment, counted on while something moves. */
function useSince(at: number | null, moves: boolean): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!moves) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [moves]);
  return moves && at !== null ? Math.max(0, (Date.now() - at) / 1000) : 0;
}

/** What is on the decks by the panel itself, many times a second; by what the box said of itself while none is heard. */
function decksOf(panel: Panel | null, told: Deck[], since: number): Deck[] {
  if (!panel) return told.map((one) => (one.playing ? { ...one, position: one.position + since } : one));
  if (panel.get('engine.running') === false) return [];
  const number = (name: string) => Number(panel.get(name) ?? 0);
  return [1, 2, 3, 4]
    .filter((deck) => number(`deck${deck}.serial`) > 0)
    .map((deck) => ({
      deck,
      title: String(panel.get(`deck${deck}.title`) ?? ''),
      artist: String(panel.get(`deck${deck}.artist`) ?? ''),
      playing: number(`deck${deck}.play`) > 0,
      position: number(`deck${deck}.position`),
      seconds: number(`deck${deck}.duration`),
      tempo: number(`deck${deck}.bpm`) || null,
    }));
}

export function Now({ told, box }: { told: Status; box: string }) {
  const { online, status, at } = told;
  const panel = usePanel(box, online);
  const known = useLoad<Deed[]>(online ? `/boxes/${box}/commands/known` : null).data;
  const set = online ? status?.set : null;
  const said = online ? (status?.decks.filter((one) => one.title) ?? []) : [];
  const since = useSince(at, said.some((one) => one.playing) || Boolean(set));
  if (!online) return <Away told={told} />;
  const decks = decksOf(panel, said, since);
  const can = new Set(known?.map((one) => one.name));
  return (
    <section class="panel now" aria-label={t('box.now')}>
      <header>
        <h2>{t(decks.some((one) => one.playing) ? 'box.plays' : 'box.silent')}</h2>
        {status?.engine !== 'running' && <span class="chip bad">{tOr(`engine.${status?.engine}`, status?.engine ?? '')}</span>}
        {panel && (
          <span class="chip accent" title={t('box.live.is')}>
            {t('box.live')}
          </span>
        )}
      </header>
      {decks.length === 0 && <p class="soft">{t('box.decksEmpty')}</p>}
      <ul class="decks">
        {decks.map((one) => (
          <OnDeck key={one.deck} box={box} deck={one} switches={can.has(`deck${one.deck}.play`)} />
        ))}
      </ul>
      {panel && <Meter panel={panel} />}
      {set && (
        <div class="in-set">
          <p>
            <strong>{calledSet(set.title)}</strong>
            {set.recording && <span class="chip bad">{t('box.recording')}</span>}
          </p>
          <p class="small soft figures">
            {[clock(set.seconds + since), t('sets.tracks', { n: set.tracks }), set.left != null && set.recording && t('box.left', { time: lasting(set.left) })].filter(Boolean).join(' · ')}
          </p>
        </div>
      )}
    </section>
  );
}

function OnDeck({ box, deck, switches }: { box: string; deck: Deck; switches: boolean }) {
  const position = Math.min(deck.seconds || Infinity, deck.position);
  const time = deck.seconds > 0 ? t('player.at', { at: clock(position), of: clock(deck.seconds) }) : clock(position);
  const word = t(deck.playing ? 'box.deck.pause' : 'box.deck.play', { n: deck.deck });
  const press = async () => {
    const text = t('box.deck.pause.text', { title: deck.title });
    if (deck.playing && !(await ask({ title: t('box.deck.pause.title', { n: deck.deck }), text, yes: t('player.pause'), danger: true }))) return;
    await give(box, `deck${deck.deck}.play`, { value: deck.playing ? 0 : 1 });
  };
  return (
    <li class={deck.playing ? 'playing' : ''}>
      <span class="deck-number" title={t('sets.deck', { n: deck.deck })}>
        <span class="unseen">{t('sets.deck', { n: deck.deck })}</span>
        <span aria-hidden="true">{deck.deck}</span>
      </span>
      <span class="grow">
        <span class="name cut">{deck.title}</span>
        <span class="small soft sub cut figures">
          {[deck.artist || t('track.noArtist'), deck.tempo && t('track.bpm', { n: bpm(deck.tempo) }), !deck.playing && t('box.paused')].filter(Boolean).join(' · ')}
        </span>
        <span class="small faint figures sub narrow-only">{time}</span>
        {deck.seconds > 0 && <Progress value={Math.min(1, position / deck.seconds)} label={t('box.position', { title: deck.title })} state={deck.playing ? '' : 'done'} />}
      </span>
      <span class="small faint figures wide-only">{time}</span>
      {switches && <Button kind="quiet" icon={deck.playing ? 'pause' : 'play'} label={word} work={press} />}
    </li>
  );
}

const FLOOR = -48; // dB at the left end of the meter

/** How loud main is: left and right, peak. */
function Meter({ panel }: { panel: Panel }) {
  const level = (side: string) => 20 * Math.log10(Math.max(1e-6, Number(panel.get(`mixer.main.peak_${side}`) ?? 0)));
  const share = (db: number) => Math.max(0, Math.min(1, 1 - db / FLOOR));
  return (
    <div class="meter" aria-hidden="true">
      <span class="small faint">{t('box.main')}</span>
      <span>
        {['left', 'right'].map((side) => (
          <span key={side} class="level">
            <i class={level(side) > -1 ? 'over' : ''} style={{ transform: `scaleX(${share(level(side))})` }} />
          </span>
        ))}
      </span>
    </div>
  );
}

function Away({ told }: { told: Status }) {
  return (
    <section class="panel now" aria-label={t('box.now')}>
      <header>
        <h2>{t(told.at === null ? 'box.silentYet' : 'box.away')}</h2>
        {told.at !== null && <span class="small soft">{ago(told.at)}</span>}
      </header>
      {told.at === null ? (
        <p class="soft">{t('box.silentYet.text')}</p>
      ) : (
        <>
          <p>{tOr(`went.${told.reason || 'lost'}`, told.reason)}</p>
          {told.words && (
            <blockquote class="soft">
              <span class="small faint">{t('box.words')}</span> {told.words}
            </blockquote>
          )}
        </>
      )}
    </section>
  );
}
