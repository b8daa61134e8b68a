"""TinyDB on the keyed storage: documents under string keys, found and stored without a search."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from gatewayd.store.keyed_storage import KeyedStorage


class KeyedTable(Table):
    """A TinyDB table whose document ids are strings.

    `get(doc_id=...)` decodes one row, in microseconds at any size. `put` and `drop` are durable
    when they return, with one sync, and cost the same at any size. All else is stock TinyDB: a
    query looks at all rows, `insert(Document(document, key))` and the like compare all of them.
    """

    document_id_class = str  # type: ignore[assignment] # TinyDB means its default, int

    def __init__(self, storage: Storage, name: str) -> None:
        # Rows also change behind the table's back (`KeyedStorage.stage`): no answer is remembered.
        super().__init__(storage, name, cache_size=0)

    @property
    def storage(self) -> KeyedStorage:
        storage = super().storage
        assert isinstance(storage, KeyedStorage), "a keyed table needs the keyed storage"
        return storage

    def put(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Store all documents by key, new or in place of old ones, or none. Raises OSError."""
        self.storage.stage((self.name, key, document) for key, document in documents.items())
        self.storage.flush()

    def drop(self, keys: Iterable[str]) -> None:
        """Remove all these rows, or none; a key that is not there is fine. Raises OSError."""
        self.storage.stage((self.name, key, None) for key in keys)
        self.storage.flush()

    def _read_table(self) -> Mapping[str, Mapping[str, Any]]:  # type: ignore[override] # a view
        return self.storage.rows(self.name)  # TinyDB looks at all tables to find this one.

    def _get_next_id(self) -> NoReturn:
        raise ValueError("a keyed table makes no ids: use put, or insert a Document with its key")


class KeyedDB(TinyDB):
    """A TinyDB whose tables are KeyedTables: `KeyedDB(path)` opens `<path>.snapshot|journal`."""

    table_class = KeyedTable  # type: ignore[assignment] # TinyDB means its default
    default_storage_class = KeyedStorage  # type: ignore[assignment] # the same

    @property
    def storage(self) -> KeyedStorage:
        storage = super().storage
        assert isinstance(storage, KeyedStorage), "a keyed database needs the keyed storage"
        return storage
