/** How many notices wait to be read. */
import { atom } from '../core/atom';

export const unread = atom(0);
