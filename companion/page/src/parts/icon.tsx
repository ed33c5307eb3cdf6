/** The page's drawings: 24 × 24, one line weight. */
const PATHS = {
  overview: 'M4 12h3l2.5-7 4 14 2.5-7H20',
  library: 'M5 5v14M10 5v14M14.5 5.5l4.5 13',
  projects: 'M4 7.5h16v11H4zM7 4.5h10',
  boxes: 'M4 6h16v12H4zM8.5 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M14.5 9.5h2.5M14.5 12h2.5M14.5 14.5h2.5',
  sets: 'M4 7h10M4 12h7M4 17h7M17.500 15.500v-9l3 1.500M15 18a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5',
  earnings: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17M14.800 9.200c-.5-1-1.500-1.500-2.800-1.500-3.600 0-3.600 4.100 0 4.300 3.700.2 3.700 4.300 0 4.300-1.400 0-2.500-.5-3-1.600M12 6v1.700M12 16.300V18',
  bell: 'M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4',
  person: 'M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5M4.5 20c1-3.5 4-5 7.5-5s6.5 1.5 7.5 5',
  admin: 'M12 3.5l7.5 3v5.5c0 4.5-3 7.5-7.5 8.5-4.5-1-7.5-4-7.5-8.5V6.5zM9 12l2 2 4-4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5L20 20',
  upload: 'M12 16V4.5M7 9l5-5 5 5M4.5 16v3.5h15V16',
  download: 'M12 4.5V16M7 11.5l5 5 5-5M4.5 16v3.5h15V16',
  play: 'M8 5.2v13.6L19 12z',
  pause: 'M8 5v14M16 5v14',
  record: 'M12 18.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13',
  stop: 'M6.500 6.500h11v11h-11z',
  back: 'M18 6v12l-8.5-6zM6.5 6v12',
  forward: 'M6 6v12l8.5-6zM17.5 6v12',
  loop: 'M17 3.5l3 3-3 3M20 6.5H8A4.5 4.5 0 0 0 3.5 11v.5M7 20.5l-3-3 3-3M4 17.5h12a4.5 4.5 0 0 0 4.5-4.5v-.5',
  marker: 'M6.5 20.5v-16h11l-2.5 4 2.5 4h-11',
  volume: 'M4.5 9.5v5h3.5l5 4v-13l-5 4zM16.5 9a4.5 4.5 0 0 1 0 6',
  muted: 'M4.5 9.5v5h3.5l5 4v-13l-5 4zM16.5 9.5l4.5 5M21 9.5l-4.5 5',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 4l9 15.5H3zM12 10v4.5M12 17h.01',
  info: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17M12 11v5M12 8h.01',
  trash: 'M4.5 6.5h15M9.5 6V4h5v2M6.5 6.5l1 13.5h9l1-13.5M10.5 10.5v6M13.5 10.5v6',
  edit: 'M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5z',
  key: 'M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 11.5h8.5M17.5 11.5v3.5M20.5 11.5v2',
  shield: 'M12 3.5l7.5 3v5.5c0 4.5-3 7.5-7.5 8.5-4.5-1-7.5-4-7.5-8.5V6.5z',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17M12 7v5l3.5 2',
  people: 'M9 11a3.25 3.25 0 1 0 0-6.5A3.25 3.25 0 0 0 9 11M2.5 19c.7-3.2 3.2-4.7 6.5-4.7s5.8 1.5 6.5 4.700M15.5 4.800a3.250 3.250 0 0 1 0 5.900M17.5 14.700c2.2.600 3.5 2 4 4.3',
  file: 'M6.5 3.500h7.500l4 4v13h-11.500zM14 3.500v4h4',
  note: 'M5 4.500h14v10l-5 5H5zM19 14.500h-5v5M8.5 9h7M8.5 12.500h4',
  copy: 'M8.5 8.500h11v11h-11zM15.5 8.500v-4h-11v11h4',
  grip: 'M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  top: 'M5 4.500h14M12 20V8.500M6.500 14l5.500-5.500 5.500 5.500',
  playlists: 'M4 6.500h11M4 11h11M4 15.500h6M14 14.500l5.500 3.250-5.500 3.250z',
  right: 'M9.5 5.500L16 12l-6.5 6.5',
  left: 'M14.5 5.500L8 12l6.5 6.5',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4',
  rows: 'M4.5 6.500h15M4.5 12h15M4.5 17.500h15',
  out: 'M14 4.500H5v15h9M10.5 12H21M17.5 8.500L21 12l-3.5 3.5',
  toBox: 'M3 12h10M9.5 8.500L13 12l-3.5 3.500M13 4.500h7.500v15H13',
  fromBox: 'M11 12h10M17.5 8.500L21 12l-3.5 3.500M11 4.500H3.500v15H11',
  retry: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.400L19.5 9M19.5 4.500V9H15',
  keyboard: 'M3 6.500h18v11H3zM7 10.500h.01M11 10.500h.01M15 10.500h.01M8 14h8',
  spinner: 'M12 3.500a8.5 8.5 0 1 1-8.5 8.5',
  artwork: 'M4.5 4.500h15v15h-15zM4.5 15.500l4.5-4.5 8.5 8.500M15.5 9.500h.01',
  history: 'M4.5 12a7.5 7.5 0 1 0 2.3-5.400L4.5 9M4.5 4.500V9H9M12 8v4.500l3 1.5',
  zoomin: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.500L20 20M10.5 7.500v6M7.5 10.500h6',
  zoomout: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.500L20 20M7.5 10.500h6',
} as const;

export type IconName = keyof typeof PATHS;
const FILLED = new Set<IconName>(['play', 'back', 'forward']);

/** A drawing. Never the only name of a control: its button carries the words. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon-mark"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={FILLED.has(name) ? 'currentColor' : 'none'}
      stroke="currentColor"
      stroke-width={name === 'more' || name === 'grip' ? 3 : name === 'pause' ? 3 : 1.75}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of Rackdeck: a short waveform. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="8 12 48 40" fill="none" stroke="currentColor" stroke-width="5" stroke-linecap="round" aria-hidden="true">
      <path d="M12 26v12M20 19v26M28 29v6M36 14v36M44 23v18M52 29v6" />
    </svg>
  );
}
