"""The file `officers.json` of older versions: its PINs are taken over with their scrypt hashes.

`{"version": 1, "officers": {label: {"salt", "hash", "n"}}}`, by scrypt (RFC 7914). At the next
right PIN it is hashed anew.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from gatewayd.core.spelling import is_category

OFFICERS_NAME = "officers.json"

_VERSION = 1
_N_MAX = 1 << 17  # 128 MB: a damaged file must not ask for all memory.
_BLOCK, _LANES = 8, 1
_OVERHEAD_BYTES = 1 << 20  # Beside the 128 * N * r bytes that scrypt needs.

_SCRYPT = re.compile(r"\$scrypt\$n=([0-9]{1,6})\$((?:[0-9a-f]{2}){16,})\$((?:[0-9a-f]{2})+)")


def parse_officers(document: Any) -> dict[str, str]:  # noqa: ANN401 - JSON that anybody may have written
    """Return a hash for each officer; raises ValueError, KeyError, TypeError or AttributeError."""
    if document["version"] != _VERSION:
        raise ValueError("another version")
    hashes = {label: _hash(row) for label, row in document["officers"].items()}
    if not all(is_category(label) and is_scrypt(one) for label, one in hashes.items()):
        raise ValueError("not officers")
    return hashes


def is_scrypt(hash_: str) -> bool:
    """Tell whether it is a hash of an older version, at a price that the machine can pay."""
    found = _SCRYPT.fullmatch(hash_)
    n = 0 if found is None else int(found[1])
    return 1 < n <= _N_MAX and n & (n - 1) == 0


def is_scrypt_right(hash_: str, secret: bytes) -> bool:
    """Tell whether it is the hash of this secret. Blocks for a tenth of a second."""
    found = _SCRYPT.fullmatch(hash_)
    assert found is not None, "it is a hash of an older version"
    n, salt = int(found[1]), bytes.fromhex(found[2])
    memory = 128 * n * _BLOCK + _OVERHEAD_BYTES
    made = hashlib.scrypt(secret, salt=salt, n=n, r=_BLOCK, p=_LANES, maxmem=memory)
    return hmac.compare_digest(made, bytes.fromhex(found[3]))


def _hash(row: Mapping[str, Any]) -> str:
    salt, digest = bytes.fromhex(row["salt"]), bytes.fromhex(row["hash"])
    return f"$scrypt$n={int(row['n'])}${salt.hex()}${digest.hex()}"
