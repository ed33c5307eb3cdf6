// A browser's part in a document: real Yjs over a real WebSocket. Reads commands as lines of JSON, answers each in one.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.argv[2]); // where the page's packages are
const Y = require('yjs');
const { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } = require('y-protocols/awareness');
const sync = require('y-protocols/sync');
const decoding = require('lib0/decoding');
const encoding = require('lib0/encoding');
const { WebSocket } = require('ws');

const doc = new Y.Doc();
const about = doc.getMap('about');
const tracks = doc.getArray('tracks');
const notes = doc.getText('notes');
const awareness = new Awareness(doc);
let line = null;
let closed = null;
let answers = 0;
let changed = []; // times at which something came from others

const begin = (kind) => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  return encoder;
};
const send = (encoder) => line && line.readyState === 1 && line.send(encoding.toUint8Array(encoder));

doc.on('update', (update, origin) => {
  if (origin === 'line') return changed.push(Date.now());
  const message = begin(0);
  sync.writeUpdate(message, update);
  send(message);
});
awareness.on('update', ({ added, updated, removed }, origin) => {
  if (origin === 'line') return;
  const message = begin(1);
  encoding.writeVarUint8Array(message, encodeAwarenessUpdate(awareness, [...added, ...updated, ...removed]));
  send(message);
});

function ask() {
  const message = begin(0);
  sync.writeSyncStep1(message, doc);
  send(message);
}

function take(data) {
  const decoder = decoding.createDecoder(new Uint8Array(data));
  const kind = decoding.readVarUint(decoder);
  if (kind === 1) return applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), 'line');
  const answer = begin(0);
  const said = sync.readSyncMessage(decoder, answer, doc, 'line');
  if (encoding.length(answer) > 1) send(answer);
  if (said === sync.messageYjsSyncStep2) answers += 1;
  return undefined;
}

const place = (id) => tracks.toArray().findIndex((row) => row.get('id') === id);
const row = ({ note, ...fields }) => {
  const made = new Y.Map(Object.entries(fields));
  if (note) made.set('note', new Y.Text(note));
  return made;
};
const edits = {
  title: ({ text }) => about.set('title', text),
  write: ({ at, text }) => notes.insert(Math.min(at, notes.length), text),
  cut: ({ at, length }) => at < notes.length && notes.delete(at, Math.min(length, notes.length - at)),
  add: ({ at, entry }) => tracks.insert(Math.min(at ?? tracks.length, tracks.length), [row(entry)]),
  remove: ({ id }) => place(id) >= 0 && tracks.delete(place(id), 1),
  move: ({ id, to }) => place(id) >= 0 && tracks.get(place(id)).set('place', to),
  note: ({ id, text }) => {
    if (place(id) < 0) return;
    const mine = tracks.get(place(id));
    if (mine.get('note') instanceof Y.Text) mine.get('note').insert(0, text);
    else mine.set('note', new Y.Text(text));
  },
};
const commands = {
  connect: ({ url }) =>
    new Promise((done) => {
      closed = null;
      answers = 0;
      line = new WebSocket(url);
      line.binaryType = 'arraybuffer';
      line.on('message', (data, binary) => binary && take(data));
      line.on('error', () => undefined);
      line.on('close', (code) => {
        closed = code;
        done({ open: false, code });
        removeAwarenessStates(awareness, [...awareness.getStates().keys()].filter((one) => one !== doc.clientID), 'line');
      });
      line.on('open', () => {
        ask();
        done({ open: true });
      });
    }),
  close: () => {
    line?.terminate();
    line = null;
    return {};
  },
  edit: ({ edits: list }) => {
    doc.transact(() => list.forEach((one) => edits[one.do](one)));
    return {};
  },
  burst: ({ count }) => {
    for (let at = 0; at < count; at += 1) notes.insert(notes.length, 'x');
    return {};
  },
  typed: ({ text }) => {
    const at = Date.now();
    notes.insert(notes.length, text);
    return { at };
  },
  send: ({ hex }) => {
    line.send(Buffer.from(hex, 'hex'));
    return {};
  },
  ask: () => {
    ask();
    return {};
  },
  be: ({ state }) => {
    awareness.setLocalState(state);
    return {};
  },
  told: () => ({
    closed,
    answers,
    about: about.toJSON(),
    tracks: tracks.toJSON(),
    notes: notes.toString(),
    vector: Buffer.from(Y.encodeStateVector(doc)).toString('hex'),
    people: [...awareness.getStates().entries()].filter(([one]) => one !== doc.clientID).map(([, state]) => state),
  }),
  changed: () => {
    const found = changed;
    changed = [];
    return { times: found };
  },
};

for await (const text of createInterface({ input: process.stdin })) {
  const command = JSON.parse(text);
  console.log(JSON.stringify(await commands[command.do](command)));
}
process.exit(0);
