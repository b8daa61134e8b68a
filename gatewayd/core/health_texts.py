"""The health of a gateway in sentences, and as JSON."""

from collections.abc import Callable, Mapping
from typing import Final

from gatewayd.core.health import Health
from gatewayd.core.health_terms import Condition, Says
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json


def text(condition: Condition, locale: Locale) -> str:
    """Return one sentence, with what to do where somebody has to."""
    shown = {name: _shown(name, value, locale) for name, value in condition.figures.items()}
    indonesian, english = _TEXTS[condition.says]
    match locale:
        case Locale.ID:
            return indonesian.format_map(shown)
        case Locale.EN:
            return english.format_map(shown)


def document(health: Health) -> dict[str, Json]:
    """Return it as the status, the pages and `/health` show it."""
    return {
        "ready": health.is_ready,
        "colour": str(health.colour),
        "parts": [_part(one) for one in health.parts],
    }


def _part(one: Condition) -> Json:
    return {
        "part": str(one.part),
        "colour": str(one.colour),
        "says": str(one.says),
        "figures": dict(one.figures),
        "text": {str(locale): text(one, locale) for locale in Locale},
    }


def _shown(name: str, value: Json, locale: Locale) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int) and name.endswith("_s"):
        return _span(value, locale)
    if isinstance(value, int) and name in ("free", "used", "used_max"):
        return _size(value)
    if name == "answer":
        return _ANSWERS[locale].get(str(value), str(value))
    return str(value)


def _span(seconds: int, locale: Locale) -> str:
    """Return a duration in its largest unit that is not too coarse: 47 minutes, 30 hours, 3 days.

    What is over, such as a policy's time, is none.
    """
    for size, least, words in _UNITS:
        if seconds >= least * size:
            count = seconds // size
            return words[locale](count)
    return _UNITS[-1][2][locale](max(0, seconds))


def _size(count: int) -> str:
    gigabytes = count // 10**9
    return f"{gigabytes} GB" if gigabytes >= 10 else f"{count // 10**6} MB"


def _plural(word: str) -> Callable[[int], str]:
    return lambda count: f"{count} {word}" if count == 1 else f"{count} {word}s"


def _same(word: str) -> Callable[[int], str]:
    return lambda count: f"{count} {word}"


_UNITS: Final = (
    (24 * 3600, 2, {Locale.ID: _same("hari"), Locale.EN: _plural("day")}),
    (3600, 2, {Locale.ID: _same("jam"), Locale.EN: _plural("hour")}),
    (60, 1, {Locale.ID: _same("menit"), Locale.EN: _plural("minute")}),
    (1, 0, {Locale.ID: _same("detik"), Locale.EN: _plural("second")}),
)
"""Seconds of a unit, from how many of it on it is used, and how it is said."""

_ANSWERS: Final[Mapping[Locale, Mapping[str, str]]] = {
    Locale.ID: {"admit": "boleh masuk", "refuse": "ditolak", "refer": "dirujuk ke petugas"},
    Locale.EN: {"admit": "admitted", "refuse": "refused", "refer": "referred to the officer"},
}

_TEXTS: Final[Mapping[Says, tuple[str, str]]] = {
    Says.NOT_RECORDED: (
        "Tidak ada yang bisa masuk karena catatan tidak dapat disimpan; keluar tetap bebas.",
        "Nobody can come in, since nothing can be recorded; leaving stays free.",
    ),
    Says.FIRE: (
        "Kebakaran menurut {sources}: semua jalur bebas.",
        "Fire, told by {sources}: every lane is free.",
    ),
    Says.PARTS_FAILED: (
        "Ada bagian program yang gagal dan dimulai ulang: {parts}. Kirim `gatewayd diag`.",
        "Parts of the program failed and are started again: {parts}. Send `gatewayd diag`.",
    ),
    Says.UNATTENDED: (
        "Tidak ada petugas yang masuk tugas di gerbang.",
        "No officer is signed on at the gate.",
    ),
    Says.LANES_ORDERED: ("Atas perintah petugas: {lanes}.", "By an officer's order: {lanes}."),
    Says.OBSERVES: (
        "Hanya mengamati: semua dicatat, tidak ada yang ditahan.",
        "Only watches: all is recorded, and nobody is held.",
    ),
    Says.DECIDES: ("Memutuskan dan membuka.", "Decides, and opens."),
    Says.LANES_DOWN: (
        "Tidak ada jalur yang berfungsi: {lanes}. Periksa listrik dan kabel turnstile.",
        "No lane works: {lanes}. Look at the turnstile's power and cable.",
    ),
    Says.LANES_PARTLY: (
        "Tidak berfungsi: {lanes}; {count} jalur lain melayani.",
        "Does not work: {lanes}; {count} other in service.",
    ),
    Says.LANES_STUCK: (
        "Ada yang tertahan di {lanes}: bantu orang itu.",
        "Somebody is stuck at {lanes}: help them.",
    ),
    Says.LANES_UP: ("Jalur yang melayani: {count}.", "Lanes in service: {count}."),
    Says.READERS_DOWN: (
        "Tidak ada pembaca yang tersambung: {readers}. Periksa kabel USB-nya.",
        "No reader is connected: {readers}. Look at their cables.",
    ),
    Says.READERS_PARTLY: (
        "Tidak tersambung: {readers}; {count} pembaca lain membaca.",
        "Not connected: {readers}; {count} other in service.",
    ),
    Says.READERS_UP: ("Pembaca yang tersambung: {count}.", "Readers connected: {count}."),
    Says.NO_READERS: (
        "Tidak ada pembaca di pengaturan; orang masuk dengan ponsel atau lewat petugas.",
        "The settings name no reader; people check in by phone, or with the officer.",
    ),
    Says.DOORS_OPEN: (
        "Harus tertutup dan ternyata terbuka: {doors}. Tutup, lalu hitung orang di dalam.",
        "Must be shut and is not: {doors}. Shut it, then count the people inside.",
    ),
    Says.CONTACTS_UNSEEN: (
        "Tidak terbaca: {contacts}. Periksa kabelnya.",
        "Cannot be read: {contacts}. Look at the wiring.",
    ),
    Says.DOORS_SHUT: (
        "Pintu lain tertutup; sensor yang terbaca: {count}.",
        "The other doors are shut; contacts being read: {count}.",
    ),
    Says.NO_CENTRE: (
        "Tidak ada pusat di pengaturan; tidak ada yang dikirim.",
        "The settings name no centre; nothing is sent.",
    ),
    Says.DISCONNECTED: (
        "Tidak terhubung ke pusat; gerbang tetap bekerja, dan catatan disimpan ({reason}).",
        "Not connected to the centre; the gate goes on, and records are kept ({reason}).",
    ),
    Says.CONNECTED: (
        "Terhubung ke pusat sejak {since_s} lalu.",
        "Connected to the centre for {since_s}.",
    ),
    Says.QUEUE_SHORT: (
        "{depth} catatan menunggu pusat; yang tertua akan hilang dalam {left_s}: sambungkan lagi.",
        "{depth} records wait for the centre, and the oldest is lost in {left_s}: mend the link.",
    ),
    Says.QUEUE_OLD: (
        "{depth} catatan menunggu pusat, yang tertua {oldest_s}; masih ada tempat untuk {left_s}.",
        "{depth} records wait for the centre, the oldest for {oldest_s}; {left_s} more fit in.",
    ),
    Says.QUARANTINED: (
        "Broker tidak menerima {quarantined} catatan: lihat `gatewayd journal quarantine list`.",
        "The broker does not take {quarantined} records: see `gatewayd journal quarantine list`.",
    ),
    Says.QUEUE_WAITS: (
        "{depth} catatan sedang dikirim ke pusat.",
        "{depth} records are on their way to the centre.",
    ),
    Says.QUEUE_EMPTY: ("Pusat sudah menerima semua catatan.", "The centre has all records."),
    Says.POLICY_OVER: (
        "Aturan tidak berlaku saat ini ({versions}); setiap orang {answer}.",
        "No rules are in force now ({versions}); everybody is {answer}.",
    ),
    Says.POLICY_ENDS: (
        "Aturan ({versions}) berakhir dalam {left_s}; setelah itu setiap orang {answer}.",
        "The rules ({versions}) end in {left_s}; after that everybody is {answer}.",
    ),
    Says.POLICY_HOLDS: ("Aturan yang berlaku: {versions}.", "Rules in force: {versions}."),
    Says.LISTS_OLD: (
        "Daftar sudah terlalu lama (lebih dari {max_s}): {lists}. Kirim yang baru.",
        "Lists are too old (more than {max_s}): {lists}. Bring new ones.",
    ),
    Says.LISTS_AGEING: (
        "Daftar hampir terlalu lama (paling lama {max_s}): {lists}. Kirim yang baru.",
        "Lists are nearly too old (at most {max_s}): {lists}. Bring new ones.",
    ),
    Says.LISTS_FRESH: ("Daftar orang: {count}.", "Lists of people: {count}."),
    Says.CLOCK_LOST: (
        "Jam mesin ini salah: atur jamnya, atau biarkan NTP mengaturnya.",
        "The clock of this machine is wrong: set it, or let NTP set it.",
    ),
    Says.CLOCK_DRIFTS: (
        "Jam mesin ini tidak dijaga NTP dan bisa melenceng: pasang chrony.",
        "The clock of this machine is not kept by NTP and may drift: install chrony.",
    ),
    Says.CLOCK_KEPT: ("Jam dijaga NTP.", "The clock is kept by NTP."),
    Says.DISK_REFUSES: (
        "Penyimpanan menolak catatan: lihat `gatewayd status`, lalu kosongkan atau ganti.",
        "The disk refuses records: see `gatewayd status`, then make room or replace it.",
    ),
    Says.DISK_FULL: (
        "Penyimpanan hampir penuh; cadangan untuk catatan terakhir terpakai: kosongkan.",
        "The disk is nearly full, and the reserve for the last records is in use: make room.",
    ),
    Says.DISK_LOW: ("Tinggal {free} bebas: kosongkan.", "Only {free} are free: make room."),
    Says.JOURNAL_LARGE: (
        "Catatan memakai {used} dari {used_max}; yang tertua akan dihapus.",
        "The records take {used} of {used_max}; the oldest will go.",
    ),
    Says.DISK_UNSEEN: ("Penyimpanan belum diperiksa.", "The disk was not looked at yet."),
    Says.DISK_WELL: (
        "{free} bebas; catatan memakai {used}.",
        "{free} are free; the records take {used}.",
    ),
}
