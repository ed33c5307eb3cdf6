"""Accounts: who there is, roles, closing, a way back in."""

import argparse

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


@on("users", "make-admin", "let an account administer", "email")
def users_make_admin(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Give the role."""
    from companion.accounts import stewardship
    from companion.web.identity import Access

    with database.connection():
        stewardship.set_access(stewardship.find(arguments.email), Access.ADMIN)
    print(f"{arguments.email} administers")
    return 0


@on("users", "make-artist", "take the role of an administrator away", "email")
def users_make_artist(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Take the role."""
    from companion.accounts import stewardship
    from companion.web.identity import Access

    with database.connection():
        stewardship.set_access(stewardship.find(arguments.email), Access.ARTIST)
    print(f"{arguments.email} is an artist")
    return 0


@on("users", "disable", "close an account and end its sessions", "email")
def users_disable(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Close."""
    from companion.accounts import stewardship

    with database.connection():
        stewardship.disable(stewardship.find(arguments.email))
    print(f"{arguments.email} is closed")
    return 0


@on("users", "enable", "open a closed account again", "email")
def users_enable(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Open."""
    from companion.accounts import stewardship

    with database.connection():
        stewardship.enable(stewardship.find(arguments.email))
    print(f"{arguments.email} is open")
    return 0


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


@on("users", "drop-second-step", "let somebody in who lost app and recovery codes: sign-ins ask for none", "email")
def users_drop_second_step(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Switch the authenticator app off."""
    from companion.accounts import second, stewardship

    with database.connection():
        second.drop(stewardship.find(arguments.email), by="")
    print(f"sign-ins of {arguments.email} ask for the password alone; all sessions were ended")
    return 0
