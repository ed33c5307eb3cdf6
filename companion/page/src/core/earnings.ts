/** Earnings as the server tells of them: amounts are whole micro-units of a currency, and currencies stay apart. */

export interface Entry {
  id: string;
  source: string;
  title: string;
  note: string;
  amount: number;
  currency: string;
  day: string; // 2026-01-31
  release: string;
  posted: number;
  reverses: string;
  reversed_by: string;
}

export interface Card {
  currency: string;
  today: number;
  month: number;
  total: number;
  releases: { release: string; title: string; month: number; total: number }[];
}

export interface Cards {
  day: string;
  zone: string;
  cards: Card[];
}

export interface Sum {
  currency: string;
  month: number;
  source: string;
  release: string;
  title: string;
  amount: number;
  count: number;
}

export interface Year {
  year: number;
  years: number[];
  rows: Sum[];
}

export const SOURCES = ['gig', 'merchandise', 'store', 'stream', 'other'] as const;

/** What releases are called, by id. */
export const releasesOf = (cards: Card[]): Map<string, string> => new Map(cards.flatMap((card) => card.releases.map((one) => [one.release, one.title] as const)));

/** Sums of amounts by a word of each, the largest first. */
export function sumsBy(rows: Sum[], by: (row: Sum) => string): { name: string; amount: number; count: number }[] {
  const found = new Map<string, { name: string; amount: number; count: number }>();
  for (const row of rows) {
    const name = by(row);
    const sum = found.get(name) ?? { name, amount: 0, count: 0 };
    found.set(name, { name, amount: sum.amount + row.amount, count: sum.count + row.count });
  }
  return [...found.values()].sort((a, b) => b.amount - a.amount);
}
