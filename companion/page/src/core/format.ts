/** Numbers and times as people read them. */
import { t } from './texts';

/** 3:07, 1:02:03; with `exact`, 3:07.25. */
export function clock(seconds: number, exact = false): string {
  if (!Number.isFinite(seconds)) return '–:––';
  const sign = seconds < 0 ? '−' : '';
  const whole = exact ? Math.floor(Math.abs(seconds) * 100) / 100 : Math.floor(Math.abs(seconds));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = exact ? (whole % 60).toFixed(2).padStart(5, '0') : String(Math.floor(whole % 60)).padStart(2, '0');
  return `${sign}${h ? `${h}:${String(m).padStart(2, '0')}` : m}:${s}`;
}

/** Seconds from 3:07, 187 or 1:02:03.5; null when it is no time. */
export function parseClock(text: string): number | null {
  if (!/^\d+(:\d{1,2}){0,2}([.,]\d+)?$/.test(text.trim())) return null;
  return text
    .trim()
    .replace(',', '.')
    .split(':')
    .reduce((sum, part) => sum * 60 + Number(part), 0);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 412 KiB, 3.1 MiB, 5 GiB. */
export function bytes(count: number): string {
  let at = 0;
  let value = count;
  while (value >= 1023.5 && at < UNITS.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at && value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${UNITS[at]}`;
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** The time of day: 18:28. */
export const hour = (ms: number): string => time.format(ms);

/** A moment in full: 21 Nov 2026, 13:05. */
export const moment = (ms: number): string => full.format(ms);

/** The day of a moment: 21 Nov 2026. */
export const date = (ms: number): string => dayOfYear.format(ms);

/** How long ago: just now, 5 min ago, 3 h ago, yesterday, 14 Nov. */
export function ago(ms: number, now = Date.now()): string {
  const minutes = Math.floor((now - ms) / 60_000);
  if (minutes < 1) return t('time.now');
  if (minutes < 60) return t('time.minutes', { n: minutes });
  if (minutes < 24 * 60) return t('time.hours', { n: Math.floor(minutes / 60) });
  if (minutes < 48 * 60) return t('time.yesterday');
  return new Date(ms).getFullYear() === new Date(now).getFullYear() ? day.format(ms) : dayOfYear.format(ms);
}

/** How long it takes: 8 s, 3 min, 2 h. */
export function lasting(seconds: number): string {
  if (seconds < 60) return t('time.s', { n: Math.max(1, Math.round(seconds)) });
  if (seconds < 3600) return t('time.min', { n: Math.round(seconds / 60) });
  return t('time.h', { n: Math.round(seconds / 360) / 10 });
}

/** −14.2, with a true minus sign. */
export function decibels(value: number | null | undefined, unit = 'dB'): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return `${value.toFixed(1).replace('-', '−')} ${unit}`;
}

/** 120, 124.5. */
export const bpm = (tempo: number): number => Math.round(tempo * 10) / 10;

/** 44.1 kHz. */
export const hertz = (rate: number): string => `${Number((rate / 1000).toFixed(1))} kHz`;

/** With a capital letter, as a sentence begins. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What to call audio by its container or codec: FLAC, WAV, MP3. */
export const upper = (word: string): string => word.toUpperCase();
