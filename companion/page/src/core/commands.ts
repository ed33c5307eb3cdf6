/** Having a box do something, and what became of it. */
import { ApiError, post } from './api';
import { capital } from './format';
import { hear } from './live';
import { invalidate } from './load';
import { t, tOr } from './texts';

export type Value = string | number | boolean | null;

/** What a command takes under a name; of a number `choices` name 0, 1, 2 … */
export interface Argument {
  name: string;
  kind: 'number' | 'flag' | 'text';
  low: number;
  high: number;
  unit: string;
  choices: string[];
  whole: boolean;
  needed: boolean;
}

/** Something that a box can do. */
export interface Deed {
  name: string;
  title: string;
  permission: 'play' | 'record' | 'studio' | 'settings' | 'system';
  arguments: Argument[];
}

export interface Command {
  id: string;
  box: string;
  do: string;
  title: string;
  arguments: Record<string, Value>;
  by: string;
  given: number;
  until: number;
  state: 'waiting' | 'done' | 'refused' | 'expired' | 'failed';
  said: string;
  answered: number | null;
}

export const SOON = 60; // seconds that what is pressed on a live panel is worth doing
const PATIENCE_MS = 6000; // that a button waits for the box's answer

const refusal = ({ state, said }: Command) =>
  new ApiError({ status: 0, slug: 'command', detail: t('commands.not', { state: tOr(`command.${state}`, state), said: capital(said) }), request: '', errors: [] });

/** Have a box do something; resolves when it is done, or when nothing was heard for a while. ApiError with the box's words. */
export async function give(box: string, what: string, given: Record<string, Value> = {}, seconds = SOON): Promise<Command> {
  let answered: (now: Command) => void = () => undefined;
  const answer = new Promise<Command>((done) => (answered = done));
  const early: Command[] = []; // an answer may be faster than the receipt
  let number = '';
  const leave = hear('box.command', ({ body }) => {
    const told = body as unknown as Command;
    if (told.state === 'waiting') return;
    if (told.id === number) answered(told);
    else early.push(told);
  });
  try {
    const command = await post<Command>(`/boxes/${box}/commands`, { do: what, arguments: given, seconds });
    invalidate(`/boxes/${box}/commands`);
    number = command.id;
    const found = early.find((one) => one.id === number);
    const last = found ?? (await Promise.race([answer, new Promise<Command>((done) => setTimeout(done, PATIENCE_MS, command))]));
    if (last.state === 'refused' || last.state === 'failed' || last.state === 'expired')
      throw refusal(last);
    return last;
  } finally {
    leave();
  }
}
