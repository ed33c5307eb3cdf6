"""The tables of the sync's database, as scripts from each version to the next; a script that was shipped stays."""

_FIRST = """
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Going up: one numbering for each stream, and what the companion has not receipted.
CREATE TABLE streams (
    stream TEXT PRIMARY KEY, epoch TEXT NOT NULL, next INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, thinned INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE outbox (
    stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, made INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (stream, first)
) WITHOUT ROWID;

-- Coming down: cursors, what came too early, what could have no effect.
CREATE TABLE cursors (
    stream TEXT NOT NULL, epoch TEXT NOT NULL, upto INTEGER NOT NULL, moved INTEGER NOT NULL,
    PRIMARY KEY (stream, epoch)
) WITHOUT ROWID;
CREATE TABLE held (
    stream TEXT NOT NULL, epoch TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (stream, epoch, first)
) WITHOUT ROWID;
CREATE TABLE dead (
    number INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, later INTEGER NOT NULL,
    reason TEXT NOT NULL, payload BLOB NOT NULL
);

-- Copies of what the companion said, by kind and key; body is JSON.
CREATE TABLE copies (
    kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE commands (
    command TEXT PRIMARY KEY, state TEXT NOT NULL, made INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE updates (number INTEGER PRIMARY KEY, document TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);

-- What happens here and becomes messages.
CREATE TABLE recordings (
    name TEXT PRIMARY KEY, "set" TEXT NOT NULL, state TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0,
    hash TEXT NOT NULL DEFAULT '', ended TEXT NOT NULL DEFAULT 'stopped', dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE playing (deck INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE tracks (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL, hash TEXT NOT NULL,
    title TEXT NOT NULL, artist TEXT NOT NULL, seconds REAL NOT NULL, tempo REAL NOT NULL, key TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE uploads (
    hash TEXT PRIMARY KEY, path TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
    url TEXT NOT NULL DEFAULT '', token TEXT NOT NULL DEFAULT '', sent INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE downloads (
    hash TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT NOT NULL, path TEXT NOT NULL DEFAULT '',
    due INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
"""

_DOCUMENTS = """
DROP TABLE updates;

-- Playlists and sets, which both sides edit. checkpoint: the sequence of the update that all before it were made one
-- with; gone: 1 deleted here and not told, 2 deleted. told: whether the update is in the outbox, or came from there.
CREATE TABLE documents (
    id TEXT PRIMARY KEY, of_kind TEXT NOT NULL, title TEXT NOT NULL DEFAULT '', count INTEGER NOT NULL DEFAULT 0,
    sequence INTEGER NOT NULL DEFAULT 0, checkpoint INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE document_updates (
    document TEXT NOT NULL, sequence INTEGER NOT NULL, told INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (document, sequence)
) WITHOUT ROWID;
CREATE INDEX untold ON document_updates (document) WHERE NOT told;
CREATE TABLE document_parts (
    document TEXT NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (part)
) WITHOUT ROWID;
CREATE TABLE document_hashes (document TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (document, hash)) WITHOUT ROWID;
"""

SCRIPTS = (_FIRST, _DOCUMENTS)
