"""`rackdeck playlist`: playlists and sets, edited on the box, in step with the companion."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.documents import Content, Entry
    from device.sync.database import Database
    from device.sync.playlists import Listed

HELP = "playlists: list, show, new, add, note, move, rename, remove, delete; the companion has them, too"
_NAMED = "its title, how that begins, or its id"
_TRACK = "its number in `rackdeck playlist show`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One part each."""
    parts = parser.add_subparsers(dest="part", metavar="list|show|new|add|note|move|rename|remove|delete")
    listed = parts.add_parser("list", help="all playlists, those changed last first")
    listed.add_argument("--sets", action="store_true", help="sets that were played, instead")
    listed.add_argument("--json", action="store_true", help="as data")
    shown = parts.add_parser("show", help="the tracks of one, their notes, and where their files are")
    shown.add_argument("playlist", help=_NAMED)
    shown.add_argument("--set", action="store_true", help="of a set that was played")
    shown.add_argument("--json", action="store_true", help="as data")
    made = parts.add_parser("new", help="make one")
    made.add_argument("title")
    made.add_argument("files", nargs="*", type=Path, metavar="FILE", help="music files to put in")
    added = parts.add_parser("add", help="put music files in")
    added.add_argument("playlist", help=_NAMED)
    added.add_argument("files", nargs="+", type=Path, metavar="FILE")
    added.add_argument("--at", type=int, metavar="N", help="as number N; by default at the end")
    noted = parts.add_parser("note", help="write something about it, or about one of its tracks")
    noted.add_argument("playlist", help=_NAMED)
    noted.add_argument("text", help="all that is to be there; '' for nothing")
    noted.add_argument("--track", type=int, metavar="N", help=_TRACK)
    noted.add_argument("--set", action="store_true", help="of a set that was played")
    moved = parts.add_parser("move", help="put a track elsewhere")
    moved.add_argument("playlist", help=_NAMED)
    moved.add_argument("track", type=int, metavar="N", help=_TRACK)
    moved.add_argument("to", type=int, metavar="M", help="the number that it is to have")
    renamed = parts.add_parser("rename", help="give it another title")
    renamed.add_argument("playlist", help=_NAMED)
    renamed.add_argument("title")
    removed = parts.add_parser("remove", help="take a track out; its file stays")
    removed.add_argument("playlist", help=_NAMED)
    removed.add_argument("track", type=int, metavar="N", help=_TRACK)
    deleted = parts.add_parser("delete", help="delete a playlist, here and at the companion; files stay")
    deleted.add_argument("playlist", help=_NAMED)


def run(arguments: argparse.Namespace) -> int:
    """0 when it was done."""
    from device.errors import InputError
    from device.sync.core import Places
    from device.sync.database import Database

    if not arguments.part:
        raise InputError("say what to do: `rackdeck playlist list`, `new TITLE`, …; `rackdeck playlist --help`")
    database = Database(Places.usual().sync)
    try:
        return _PARTS[arguments.part](database, arguments)
    finally:
        database.close()


def _list(database: "Database", arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from device.sync import playlists

    rows = playlists.listed(database.connection, "set" if arguments.sets else "playlist")
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    for row in rows:
        lacking = row.needed - row.there
        ready = f", {lacking} not on this box" if lacking else ""
        print(f"{row.title or 'untitled'}  ({row.tracks} track{'' if row.tracks == 1 else 's'}{ready})")
    if not rows:
        print("no sets yet" if arguments.sets else "no playlists yet; `rackdeck playlist new TITLE` makes one")
    return 0


def _show(database: "Database", arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from device.sync import playlists

    found, content = _opened(database, arguments.playlist, arguments.set)
    entries = content.entries()
    places = playlists.places(database.connection, entries)
    if arguments.json:
        tracks = [{**asdict(entry), "path": str(places.get(entry.id, "")) or None} for entry in entries]
        told = {"id": found.id, "of": found.kind, "about": content.about(), "tracks": tracks, "notes": content.notes}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 0
    print(content.title or "untitled")
    for number, entry in enumerate(entries, 1):
        by = f" – {entry.artist}" if entry.artist else ""
        print(f"{number:4}  {entry.title}{by}{'' if entry.id in places else '  (not on this box)'}")
        for line in entry.note.splitlines():
            print(f"      {line}")
    if content.notes:
        print(f"\n{content.notes}")
    return 0


def _new(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    number = playlists.new(database, arguments.title)
    if arguments.files:
        playlists.add(database, number, arguments.files)
    print(f"made {arguments.title!r} ({number})")
    return 0


def _add(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    found, _ = _opened(database, arguments.playlist)
    at = None if arguments.at is None else max(0, arguments.at - 1)
    for entry in playlists.add(database, found.id, arguments.files, at):
        print(f"added {entry.title}")
    return 0


def _note(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    found, content = _opened(database, arguments.playlist, arguments.set)
    if arguments.track is None:
        playlists.write(database, found.id, arguments.text)
    else:
        playlists.change(database, found.id, _entry(content, arguments.track).id, note=arguments.text)
    return 0


def _move(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    found, content = _opened(database, arguments.playlist)
    playlists.change(database, found.id, _entry(content, arguments.track).id, at=max(0, arguments.to - 1))
    return 0


def _rename(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    found, _ = _opened(database, arguments.playlist)
    playlists.rename(database, found.id, arguments.title)
    return 0


def _remove(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    found, content = _opened(database, arguments.playlist)
    entry = _entry(content, arguments.track)
    playlists.remove(database, found.id, entry.id)
    print(f"took {entry.title} out of {found.title}")
    return 0


def _delete(database: "Database", arguments: argparse.Namespace) -> int:
    from device.sync import playlists

    found, _ = _opened(database, arguments.playlist)
    playlists.delete(database, found.id)
    print(f"deleted {found.title}; its files stay")
    return 0


def _opened(database: "Database", name: str, of_set: bool = False) -> "tuple[Listed, Content]":
    from device.sync import documents, playlists

    found = playlists.find(database.connection, name, "set" if of_set else "playlist")
    return found, documents.read(database.connection, found.id)


def _entry(content: "Content", number: int) -> "Entry":
    from device.errors import InputError

    entries = content.entries()
    if not 1 <= number <= len(entries):
        raise InputError(f"there is no track {number}; {content.title} has {len(entries)}")
    return entries[number - 1]


_PARTS = {
    "list": _list,
    "show": _show,
    "new": _new,
    "add": _add,
    "note": _note,
    "move": _move,
    "rename": _rename,
    "remove": _remove,
    "delete": _delete,
}
