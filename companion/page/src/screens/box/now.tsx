/** What a box does just now: what is on its decks, its set, or why it is away. */
import { useEffect, useState } from 'preact/hooks';
import type { Deck, Status } from '../../core/boxes';
import { ago, clock, lasting } from '../../core/format';
import { t, tOr } from '../../core/texts';
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

export function Now({ told }: { told: Status }) {
  const { online, status, at } = told;
  const decks = online ? (status?.decks.filter((one) => one.title) ?? []) : [];
  const set = online ? status?.set : null;
  const since = useSince(at, decks.some((one) => one.playing) || Boolean(set));
  if (!online) return <Away told={told} />;
  return (
    <section class="panel now" aria-label={t('box.now')}>
      <header>
        <h2>{t(decks.some((one) => one.playing) ? 'box.plays' : 'box.silent')}</h2>
        {status?.engine !== 'running' && <span class="chip bad">{tOr(`engine.${status?.engine}`, status?.engine ?? '')}</span>}
      </header>
      {decks.length === 0 && <p class="soft">{t('box.decksEmpty')}</p>}
      <ul class="decks">
        {decks.map((one) => (
          <OnDeck key={one.deck} deck={one} since={one.playing ? since : 0} />
        ))}
      </ul>
      {set && (
        <div class="in-set">
          <p>
            <strong>{set.title}</strong>
            {set.recording && <span class="chip bad">{t('box.recording')}</span>}
          </p>
          <p class="small soft figures">
            {[clock(set.seconds + since), t('sets.tracks', { n: set.tracks }), set.left !== null && set.recording && t('box.left', { time: lasting(set.left) })].filter(Boolean).join(' · ')}
          </p>
        </div>
      )}
    </section>
  );
}

function OnDeck({ deck, since }: { deck: Deck; since: number }) {
  const position = Math.min(deck.seconds || Infinity, deck.position + since);
  return (
    <li class={deck.playing ? 'playing' : ''}>
      <span class="deck-number" title={t('sets.deck', { n: deck.deck })}>
        <span class="unseen">{t('sets.deck', { n: deck.deck })}</span>
        <span aria-hidden="true">{deck.deck}</span>
      </span>
      <span class="grow">
        <span class="name cut">{deck.title}</span>
        <span class="small soft sub cut">
          {[deck.artist || t('track.noArtist'), deck.tempo && t('track.bpm', { n: Math.round(deck.tempo * 10) / 10 }), !deck.playing && t('box.paused')].filter(Boolean).join(' · ')}
        </span>
        {deck.seconds > 0 && <Progress value={Math.min(1, position / deck.seconds)} label={t('box.position', { title: deck.title })} state={deck.playing ? '' : 'done'} />}
      </span>
      <span class="small faint figures">{deck.seconds > 0 ? t('player.at', { at: clock(position), of: clock(deck.seconds) }) : clock(position)}</span>
    </li>
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
