"""A gateway that does not wait for its disk, for the accounts to find out: `python -m tests.crash.careless`."""

from sqlite3 import Connection

from gatewayd.cli.main import main
from gatewayd.store import journal_file

_prepare = journal_file._prepare


def _careless(connection: Connection, *rest: object) -> None:
    _prepare(connection, *rest)
    connection.execute("PRAGMA synchronous = OFF")


if __name__ == "__main__":
    journal_file._prepare = _careless
    main()
