"""The least that a scan can cost in Python: one signature checked, one row on disk, an answer.

    python -m benchmarks.gate_floor READER ANSWERS DATABASE

Reads codes from a tty, and for each checks an Ed25519 signature, commits a row to SQLite
(synchronous=FULL) and writes as many bytes as an open command has. No loop, no threads, no rules.
"""

import argparse
import os
import sqlite3
import tty

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNED_SIZE = 120  # Bytes of a pass that its signature covers.
ROW_SIZE = 550  # Of a verdict in the journal.
ANSWER_SIZE = 64  # Of an open command on the wire.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("reader", "answers", "database"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    key, signed = Ed25519PrivateKey.generate(), os.urandom(SIGNED_SIZE)
    signature, public = key.sign(signed), key.public_key()
    rows = sqlite3.connect(arguments.database, isolation_level=None)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    codes, answers = (os.open(each, os.O_RDWR) for each in (arguments.reader, arguments.answers))
    tty.setraw(codes)
    tty.setraw(answers)
    buffer = b""
    while True:
        buffer += os.read(codes, 4096)
        while b"\r" in buffer:
            _, buffer = buffer.split(b"\r", 1)
            public.verify(signature, signed)
            rows.execute("INSERT INTO rows (body) VALUES (?)", (os.urandom(ROW_SIZE),))
            os.write(answers, bytes(ANSWER_SIZE))


if __name__ == "__main__":
    main()
