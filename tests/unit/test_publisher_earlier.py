import asyncio

import pytest

from gatewayd.core.events import EventClass
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import BrokerError, Message, Receipt, Receipts, StorageError
from gatewayd.runtime.publisher_earlier import LOSSES_MAX, PAGE_COUNT, EarlierEpochs
from tests.sim.loop import run
from tests.unit.doubles import InlineBlocking
from tests.unit.journal_facts import fill, opened

SITE = SitePath("mojokerto", "dukcapil", "gmsc")


class Link:
    """Takes what is published; an answer by id in place of a receipt is raised, or is its code."""

    window = 20

    def __init__(self, **answers):
        self.ids = []
        self.answers = answers

    async def publish(self, message):
        await asyncio.sleep(0.01)
        event_id = message.payload.decode()
        answer = self.answers.get(event_id.rpartition("-")[2], 0)
        if isinstance(answer, Exception):
            raise answer
        self.ids.append(event_id)
        return Receipt(answer)


def word(event):
    return Message(f"{SITE}/{EventClass.AUDIT}", event.id.encode())


@pytest.fixture
def journal(tmp_path):
    """A journal with an epoch of some fifty events, some of them confirmed, before the present one."""
    with opened(tmp_path) as before:
        fill(before, PAGE_COUNT * 2 + 10)
        before.confirm([1, 2, 5])
    (tmp_path / "journal.head").unlink()
    with opened(tmp_path) as journal:
        fill(journal, 2)
        yield journal


def sent(earlier, link):
    run(earlier.send(link, word))
    return [int(event_id.rpartition("-")[2]) for event_id in link.ids]


def test_what_has_no_receipt_is_sent_in_order_under_its_old_id_and_confirmed(journal):
    (epoch,) = journal.earlier()
    link = Link()
    assert sent(EarlierEpochs([epoch], InlineBlocking(), journal.find), link) == [
        3,
        4,
        *range(6, 51),
    ]
    assert all(event_id.startswith(epoch.epoch) for event_id in link.ids)
    assert journal.earlier() == []
    assert journal.receipts() == Receipts(0), "the present epoch is another's"


def test_nothing_is_sent_twice_over_a_new_connection(journal):
    earlier = EarlierEpochs(journal.earlier(), InlineBlocking(), journal.find)
    assert len(sent(earlier, Link())) == 47
    assert sent(earlier, Link()) == []


def test_a_lost_connection_repeats_a_page_at_most(journal):
    earlier = EarlierEpochs(journal.earlier(), InlineBlocking(), journal.find)
    with pytest.raises(BrokerError):
        sent(earlier, Link(**{"30": BrokerError("lost")}))
    assert sent(earlier, Link())[0] > 30 - PAGE_COUNT


def test_an_event_that_the_broker_hangs_up_on_stays_behind_and_holds_up_no_other(journal):
    earlier = EarlierEpochs(journal.earlier(), InlineBlocking(), journal.find)
    for _ in range(LOSSES_MAX):
        with pytest.raises(BrokerError):
            sent(earlier, Link(**{"7": BrokerError("hung up")}))
    link = Link(**{"7": BrokerError("hung up")})
    assert set(sent(earlier, link)) >= {6, 8, 50}
    (epoch,) = journal.earlier()
    assert epoch.receipts() == Receipts(6, ((8, 50),))


def test_a_refused_event_is_tried_again_with_the_next_connection(journal, caplog):
    earlier = EarlierEpochs(journal.earlier(), InlineBlocking(), journal.find)
    assert 50 in sent(earlier, Link(**{"7": 0x87}))
    assert "earlier_event_refused" in caplog.text
    assert sent(earlier, Link()) == [7]
    assert journal.earlier() == []


def test_a_disk_that_refuses_stops_nothing(journal, monkeypatch, caplog):
    (epoch,) = journal.earlier()

    def refuse(*_):
        raise StorageError("the disk refuses")

    monkeypatch.setattr(epoch, "read", refuse)
    assert sent(EarlierEpochs([epoch], InlineBlocking(), journal.find), Link()) == []
    assert "earlier_epoch_unread" in caplog.text


# --- set apart before ----------------------------------------------------------------------------


def tried_again(earlier, link):
    delivered = []
    run(earlier.send_again(link, word, delivered.append))
    return delivered


def test_what_was_set_apart_is_sent_once_more_and_told_where_the_broker_takes_it(journal):
    (epoch,) = journal.earlier()
    earlier = EarlierEpochs([], InlineBlocking(), journal.find)
    assert not earlier.has_again
    earlier.retry([f"{epoch.epoch}-1", f"{epoch.epoch}-2", f"{epoch.epoch}-999"])
    link = Link(**{"2": 0x87})
    assert tried_again(earlier, link) == [f"{epoch.epoch}-1"]
    assert not earlier.has_again
    assert link.ids == [f"{epoch.epoch}-1", f"{epoch.epoch}-2"]


def test_what_the_broker_hangs_up_on_is_not_tried_again_by_itself(journal):
    (epoch,) = journal.earlier()
    earlier = EarlierEpochs([], InlineBlocking(), journal.find)
    earlier.retry([f"{epoch.epoch}-1", f"{epoch.epoch}-2"])
    with pytest.raises(BrokerError):
        tried_again(earlier, Link(**{"1": BrokerError("it hung up")}))
    assert tried_again(earlier, Link()) == [f"{epoch.epoch}-2"]


def test_a_disk_that_cannot_be_read_keeps_them_for_the_next_pass(journal, monkeypatch):
    (epoch,) = journal.earlier()
    earlier = EarlierEpochs([], InlineBlocking(), journal.find)
    earlier.retry([f"{epoch.epoch}-1"])
    with monkeypatch.context() as patch:
        patch.setattr(earlier, "_find", refuse)
        assert tried_again(earlier, Link()) == []
    assert tried_again(earlier, Link()) == [f"{epoch.epoch}-1"]


def refuse(_):
    raise StorageError("the disk cannot be read")


def test_an_event_of_any_epoch_is_found_by_its_id_and_no_other_for_it(journal):
    (epoch,) = journal.earlier()
    for event_id in (f"{epoch.epoch}-7", f"{journal.epoch}-2"):
        assert journal.find(event_id).id == event_id
    for unknown in (f"{epoch.epoch}-999", f"{journal.epoch}-3", "0" * 16 + "-1", "nonsense"):
        assert journal.find(unknown) is None
