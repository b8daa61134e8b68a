import json

import pytest
from tinydb import Query, TinyDB, where
from tinydb.storages import MemoryStorage
from tinydb.table import Document

from gatewayd.store.keyed_table import KeyedDB, KeyedTable

ANA = {"category": "staff", "inside_since": None}
BUDI = {"category": "visitor", "inside_since": "2026-11-22T08:30:00.000Z"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache"


def test_stock_tinydb_calls_do_what_they_do_on_stock_storages(path):
    with KeyedDB(path) as keyed, TinyDB(storage=MemoryStorage) as stock:
        answers = [
            _exercise(database, make_key) for database, make_key in ((keyed, str), (stock, int))
        ]
    assert answers[0] == answers[1]
    with KeyedDB(path) as again:
        assert [dict(row) for row in again.table("people")] == answers[0][-1]


def test_a_query_sees_what_was_put_since_it_was_asked_last(path):
    with KeyedDB(path) as database:
        table = database.table("holders")
        table.put({"ana": ANA})
        assert table.count(where("category") == "visitor") == 0
        table.put({"budi": BUDI})
        assert table.count(where("category") == "visitor") == 1


def test_a_table_shows_a_row_that_came_after_it_was_first_read(path):
    with KeyedDB(path) as database:
        holders = database.table("holders")
        assert holders.get(doc_id="ana") is None
        database.storage.stage([("holders", "ana", ANA)])
        assert holders.get(doc_id="ana") == ANA


def test_a_table_that_is_dropped_stays_away(path):
    with KeyedDB(path) as database:
        database.table("holders").put({"ana": ANA})
        database.table("lanes").put({"lane-1": {}})
        database.drop_table("holders")
        assert database.tables() == {"lanes"}
    with KeyedDB(path) as database:
        assert database.tables() == {"lanes"}
        database.drop_tables()
    with KeyedDB(path) as database:
        assert database.tables() == set()


def test_stock_calls_write_only_the_rows_they_changed(path):
    with KeyedDB(path) as database:
        table = database.table("holders")
        table.put({f"holder-{n}": ANA for n in range(50)})
        size = path.with_suffix(".journal").stat().st_size
        table.update({"category": "guest"}, where("category") == "nobody")
        assert path.with_suffix(".journal").stat().st_size == size
        table.update({"category": "guest"}, doc_ids=["holder-7"])
        assert path.with_suffix(".journal").stat().st_size < size + 200


def test_a_document_without_a_key_is_refused_with_advice(path):
    with KeyedDB(path) as database, pytest.raises(ValueError, match="use put"):
        database.table("holders").insert(ANA)


def test_a_keyed_table_on_another_storage_is_a_mistake():
    with pytest.raises(AssertionError, match="keyed storage"):
        KeyedTable(MemoryStorage(), "holders").put({"ana": ANA})


def _exercise(database, make_key):
    table = database.table("people")
    person = Query()
    answers = []

    def call(answer):
        answers.append(json.loads(json.dumps(answer)))

    for number, (name, age) in enumerate([("ana", 31), ("budi", 17), ("citra", 64)], start=1):
        call(str(table.insert(Document({"name": name, "age": age}, make_key(number)))))
    call(table.search(person.age > 18))
    call(table.get(person.name == "budi"))
    call(table.get(doc_ids=[make_key(1), make_key(3)]))
    call([str(key) for key in table.update({"age": 18}, person.name == "budi")])
    call([str(key) for key in table.upsert(Document({"name": "dewi"}, make_key(4)))])
    call([str(key) for key in table.remove(person.age == 64)])
    call(table.contains(person.name == "citra"))
    with pytest.raises(ValueError, match="already exists"):
        table.insert(Document({"name": "ana"}, make_key(1)))
    call(table.count(person.name.exists()))
    call(table.all())
    return answers
