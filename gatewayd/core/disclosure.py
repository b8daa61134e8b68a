"""What a record says of somebody, in words for that person."""

from collections.abc import Mapping

from gatewayd.core.erasure import ERASED
from gatewayd.core.events import Access, Alarm, Audit, Fact, Passage
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.words import Json


def meaning(fact: Fact, locale: Locale) -> str:
    """Return what happened, in a sentence or two."""
    match fact:
        case Access():
            decided = f"{fact.lane}, {_say(fact.direction, locale)}: {_say(fact.outcome, locale)}."
            return f"{decided} {_reason(fact.reason, locale)}".rstrip()
        case Passage():
            key = "uncertain" if fact.uncertain else str(fact.outcome)
            return f"{fact.lane}, {_say(fact.direction, locale)}: {_say(key, locale)}."
        case Alarm():
            return f"{_say('alarm', locale)}: {fact.alarm}."
        case Audit():
            return f"{_say('audit', locale)}: {_say(fact.action, locale)}."


def fields(documents: list[Mapping[str, Json]], locale: Locale) -> dict[str, Json]:
    """Return what each field of these documents means, those that are explained."""
    names = sorted({name for document in documents for name in document})
    return {name: _pick(_FIELDS[name], locale) for name in names if name in _FIELDS}


def purpose(locale: Locale) -> str:
    return _pick((_PURPOSE_ID, _PURPOSE_EN), locale)


def _reason(code: str, locale: Locale) -> str:
    if code in {str(reason) for reason in Reason}:
        return text(Reason(code), locale)
    return "" if code == ERASED else f"({code})"


def _say(word: str, locale: Locale) -> str:
    return _pick(_WORDS[word], locale) if word in _WORDS else word


def _pick(texts: tuple[str, str], locale: Locale) -> str:
    indonesian, english = texts
    match locale:
        case Locale.ID:
            return indonesian
        case Locale.EN:
            return english


_PURPOSE_ID = (
    "Memutuskan siapa yang boleh masuk, menghitung berapa orang di dalam, dan mengetahui siapa "
    "yang harus dicari bila ada bahaya. Keputusan dibuat otomatis menurut aturan tempat ini; "
    "petugas dapat meninjaunya bila Anda meminta."
)
_PURPOSE_EN = (
    "To decide who may come in, to count how many are inside, and to know whom to look for in an "
    "emergency. The decision is made automatically by the rules of the site; an officer looks at "
    "it again if you ask."
)

_WORDS: Mapping[str, tuple[str, str]] = {
    "entry": ("masuk", "entry"),
    "exit": ("keluar", "exit"),
    "admitted": ("diizinkan lewat", "you were let through"),
    "refused": ("tidak diizinkan", "you were not let in"),
    "referred": ("diminta menemui petugas", "you were asked to see the officer"),
    "completed": ("Anda lewat", "you went through"),
    "expired": ("Anda tidak lewat", "you did not go through"),
    "uncertain": (
        "tidak diketahui apakah Anda lewat",
        "it is not known whether you went through",
    ),
    "breached": ("seseorang lewat tanpa izin", "somebody went through without leave"),
    "unattributed": ("seseorang lewat", "somebody went through"),
    "alarm": ("Alarm yang menyebut Anda", "An alarm that names you"),
    "audit": ("Catatan yang menyebut Anda", "A note that names you"),
    "forgiven": (
        "petugas mencatat bahwa Anda sudah keluar tanpa terlihat",
        "an officer noted that you had left unseen",
    ),
}

_FIELDS: Mapping[str, tuple[str, str]] = {
    "holder": (
        "nama samaran Anda, dibuat dari nomor atau nama Anda dengan kunci tempat ini",
        "your pseudonym, made of your number or name with the key of the site",
    ),
    "category": ("sebagai siapa Anda datang", "as what you came"),
    "kind": ("apa yang Anda tunjukkan", "what you held up"),
    "status": ("status kesehatan menurut aturan", "your health status by the rules"),
    "status_until": ("sampai kapan status itu berlaku", "until when that status holds"),
    "reason": ("alasan keputusan", "why it was decided so"),
    "source": ("siapa yang memutuskan", "who decided"),
    "policy": ("aturan yang dipakai", "the rules that were used"),
    "findings": ("hal lain yang terlihat", "what else was noticed"),
    "grant": (
        "nomor acak yang menghubungkan keputusan dengan lewatnya Anda",
        "a random number that joins the decision to your passage",
    ),
    "pass_id": ("nomor kartu masuk Anda", "the number of your pass"),
    "pass_until": ("sampai kapan kartu itu berlaku", "until when that pass is good"),
    "until": ("sampai kapan kartu itu berlaku", "until when that pass is good"),
    "purpose": ("untuk apa Anda datang", "what you came for"),
    "order": ("nomor pesan pusat tentang Anda", "the number of the centre's message about you"),
    "said_at": ("kapan pusat mengatakannya", "when the centre said so"),
    "attestation": ("apa yang dinyatakan petugas", "what the officer declared"),
    "referral": ("nomor antrean ke petugas", "the number you saw the officer with"),
    "lane": ("jalur", "the lane"),
    "direction": ("arah", "which way"),
    "latency_us": ("lama memutuskan", "how long the decision took"),
    "cached": ("Anda sudah dikenal di sini", "you were known here already"),
    "device": ("alat pada jalur", "the turnstile"),
    "device_sequence": ("nomor dalam catatan alat", "the place in the turnstile's own log"),
    "inside_since": ("sejak kapan Anda di dalam", "since when you are inside"),
    "seen": ("kapan terakhir diputuskan", "when it was decided last"),
    "entries": ("berapa kali kartu dipakai", "how often the pass was used"),
}
