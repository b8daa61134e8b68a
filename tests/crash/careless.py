"""A gateway that does not wait for its disk, which the accounts are to find out."""

from sqlite3 import Connection

from gatewayd.cli import main as command
from gatewayd.store import journal_file

_prepare = journal_file._prepare


def main() -> None:
    journal_file._prepare = _careless
    command.main()


def _careless(connection: Connection, *rest: object) -> None:
    _prepare(connection, *rest)
    connection.execute("PRAGMA synchronous = OFF")
