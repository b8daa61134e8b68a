"""What the contacts of a turnstile tell: passages, readiness, alarms and fire (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from drivers.base import Direction
from drivers.contacts import Contact, Debounced
from drivers.turnstiles.polled_board import Seen

# Contacts bounce for up to 20 ms.
DEBOUNCE_S: Final = 0.030
# A turnstile that turns back into its rest is not ready for a moment.
UNREADY_S: Final = 1.0
# PERCo turnstiles call a passage of this length an alarm; the other cause is a broken wire.
HELD_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Which input is what. fire: closed while there is no fire; anything else is one."""

    passages: Mapping[Direction, Contact] = field(default_factory=dict)
    ready: Contact | None = None
    alarm: Contact | None = None
    fire: Contact | None = None

    @property
    def last_input(self) -> int:
        """The highest number in use; 0 where nothing is wired."""
        contacts = [*self.passages.values(), self.ready, self.alarm, self.fire]
        return max((contact.number for contact in contacts if contact is not None), default=0)

    @property
    def input_count(self) -> int:
        """How many inputs must be read: whole bytes, as boards send them."""
        return -8 * (-self.last_input // 8)


class ContactInputs:
    """Follows the inputs from one reading to the next, beginning with what the first one shows."""

    def __init__(self, contacts: Contacts, inputs: tuple[bool, ...], now_s: float) -> None:
        self._contacts = contacts
        self._passages = {
            direction: _Passage(contact, inputs, now_s)
            for direction, contact in contacts.passages.items()
        }
        self._unready = _debounced(contacts.ready, inputs, UNREADY_S)
        self._alarm = _debounced(contacts.alarm, inputs, DEBOUNCE_S)
        self._fire = _debounced(contacts.fire, inputs, DEBOUNCE_S)

    def look(self, inputs: tuple[bool, ...], now_s: float) -> Seen:
        """Take a reading, of at least as many inputs as the contacts need."""
        passages = {
            direction: 1
            for direction, passage in self._passages.items()
            if passage.feed(inputs, now_s)
        }
        held = [passage for passage in self._passages.values() if passage.takes_too_long(now_s)]
        self._feed(self._unready, self._contacts.ready, inputs, now_s)
        self._feed(self._fire, self._contacts.fire, inputs, now_s)
        is_alarm = self._feed(self._alarm, self._contacts.alarm, inputs, now_s)
        return Seen(
            passages=passages,
            is_fire=self._fire.is_on,
            fault="the turnstile's ready contact says that it is not"
            if self._unready.is_on
            else "",
            notes=("alarm",) * (is_alarm and self._alarm.is_on) + ("held",) * len(held),
        )

    @staticmethod
    def _feed(
        state: Debounced, contact: Contact | None, inputs: tuple[bool, ...], now_s: float
    ) -> bool:
        return contact is not None and state.feed(contact.is_active(inputs), now_s)


class _Passage:
    """A passage is a contact that becomes active; the next one needs it to rest in between."""

    def __init__(self, contact: Contact, inputs: tuple[bool, ...], now_s: float) -> None:
        self._contact = contact
        self._state = _debounced(contact, inputs, DEBOUNCE_S)
        self._since_s: float | None = now_s

    def feed(self, inputs: tuple[bool, ...], now_s: float) -> bool:
        """Return whether somebody passed."""
        if not self._state.feed(self._contact.is_active(inputs), now_s):
            return False
        self._since_s = now_s
        return self._state.is_on

    def takes_too_long(self, now_s: float) -> bool:
        """Return it once."""
        if not self._state.is_on or self._since_s is None or now_s - self._since_s < HELD_S:
            return False
        self._since_s = None
        return True


def _debounced(contact: Contact | None, inputs: tuple[bool, ...], hold_s: float) -> Debounced:
    return Debounced(hold_s, is_on=contact is not None and contact.is_active(inputs))
