"""Accounts: who there is, roles, closing, a way back in."""

import argparse
from collections.abc import Callable
from typing import Any

from companion import database, processes
from companion.config import Settings
from companion.shell.table import on, say, when


@on("users", "list", "all accounts, newest first", "--search")
def users_list(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Accounts, one a line."""
    from companion.accounts import stewardship
    from companion.web.identity import Access

    with database.connection():
        rows = [
            (user.email, user.name, Access(user.access).name.lower(), user.tier, when(user.created))
            + (("closed",) if user.disabled else ("",))
            for user in stewardship.listed(arguments.search)
        ]
    say([("ADDRESS", "NAME", "ROLE", "TIER", "SINCE", ""), *rows])
    return 0


def _one(name: str, meaning: str, done: str, act: Callable[[Any], None]) -> None:
    """A command about the account with an address. done: the sentence for it, with the address at {}."""

    @on("users", name, meaning, "email")
    def run(_settings: Settings, arguments: argparse.Namespace) -> int:
        from companion.accounts import stewardship

        with database.connection():
            act(stewardship.find(arguments.email))
        print(done.format(arguments.email))
        return 0


def _give(role: str) -> Callable[[Any], None]:
    def act(user: Any) -> None:
        from companion.accounts import stewardship
        from companion.web.identity import Access

        stewardship.set_access(user, Access[role])

    return act


def _close(user: Any) -> None:
    from companion.accounts import stewardship

    stewardship.disable(user)


def _open(user: Any) -> None:
    from companion.accounts import stewardship

    stewardship.enable(user)


def _drop_second_step(user: Any) -> None:
    from companion.accounts import second

    second.drop(user, by="")


_one("make-admin", "let an account administer", "{} administers", _give("ADMIN"))
_one("make-artist", "take the role of an administrator away", "{} is an artist", _give("ARTIST"))
_one("disable", "close an account and end its sessions", "{} is closed", _close)
_one("enable", "open a closed account again", "{} is open", _open)
_one(
    "drop-second-step",
    "let somebody in who lost app and recovery codes: sign-ins ask for none",
    "sign-ins of {} ask for the password alone; all sessions were ended",
    _drop_second_step,
)


@on("users", "reset-link", "a link that sets a new password, once, within an hour", "email")
def users_reset_link(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the link."""
    from companion.accounts import stewardship

    with database.connection():
        print(stewardship.reset_link(processes.address(settings), stewardship.find(arguments.email)))
    return 0


@on("users", "invite", "a link that makes an account, once, within 14 days, open or closed", "email", "--admin!")
def users_invite(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the link."""
    from companion.accounts import invitations, service
    from companion.web.identity import Access

    access = Access.ADMIN if arguments.admin else Access.ARTIST
    with database.connection():
        print(invitations.link(processes.address(settings), service.clean_email(arguments.email), access))
    return 0
