/** Playlists and set lists that a box holds ready, as the server tells of them. */

export interface HeldList {
  list: string; // the document's id
  of: 'playlist' | 'set';
  title: string;
  state: 'sending' | 'sent'; // until all files are on their way
  sent: number;
  files: number;
  there: number; // as the box said last
  full: number; // files that wait for room on the disk
  missing: number; // tracks that are not in the library
}

/** Where the list itself is; a set is found by its title, as its document has another id. */
export const placeOf = ({ of, list, title }: HeldList): string => (of === 'set' ? `/sets?q=${encodeURIComponent(title)}` : `/playlists/${list}`);
