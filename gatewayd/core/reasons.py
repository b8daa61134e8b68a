"""The closed list of reasons for a verdict, each with a text that tells the person what to do.

The codes are stable: they stand in events, and centres count by them. The texts are shown where
others can read along, so they say nothing of anyone's health.
"""

from collections.abc import Mapping
from enum import StrEnum


class Locale(StrEnum):
    ID = "id"
    EN = "en"


class Reason(StrEnum):
    # admitted
    OK = "ok"
    ATTESTED = "attested"
    REFERRAL_ADMITTED = "referral_admitted"
    EXIT = "exit"
    # gate mode
    EMERGENCY = "emergency"
    LOCKED_DOWN = "locked_down"
    CLOSED_NOW = "closed_now"
    POLICY_EXPIRED = "policy_expired"
    # readable
    EMPTY = "empty"
    UNREADABLE_BINARY = "unreadable_binary"
    TOO_LARGE = "too_large"
    PREFIX = "prefix"
    BASE45 = "base45"
    NUMERIC_FORM = "numeric_form"
    CHUNK_INDEX = "chunk_index"
    CHUNK_SIZE = "chunk_size"
    INCOMPLETE = "incomplete"
    ZLIB = "zlib"
    CBOR = "cbor"
    CWT = "cwt"
    HEADER = "header"
    SIGNATURE_FORMAT = "signature_format"
    SCHEMA = "schema"
    MULTIPLE_CERTIFICATES = "multiple_certificates"
    UNSUPPORTED = "unsupported"
    # authentic
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    KEY_USAGE = "key_usage"
    ISSUER = "issuer"
    ATTESTATION_INCOMPLETE = "attestation_incomplete"
    OFFICER_ABSENT = "officer_absent"
    CODE_MISSING = "code_missing"
    CODE_WRONG = "code_wrong"
    REPLAYED = "replayed"
    CLOCK_UNSYNCED = "clock_unsynced"
    PRESENCE = "presence"
    """A lane's code that anybody may have a picture of, where the site asks for the display's."""
    # valid, and known here
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    BLOCKED = "blocked"
    ROSTER_OLD = "roster_old"
    UNKNOWN_HOLDER = "unknown_holder"
    UNKNOWN_CATEGORY = "unknown_category"
    OUTSIDE_HOURS = "outside_hours"
    AGE = "age"
    STATUS_YELLOW = "status_yellow"
    STATUS_RED = "status_red"
    STATUS_BLACK = "status_black"
    STATUS_UNKNOWN = "status_unknown"
    REGION_TEST = "region_test"
    ORIGIN_UNKNOWN = "origin_unknown"
    ALREADY_INSIDE = "already_inside"
    ALREADY_GRANTED = "already_granted"
    ENTRIES_USED = "entries_used"
    CAPACITY_FULL = "capacity_full"
    # the lane and the officer
    LANE_BUSY = "lane_busy"
    TURNSTILE_NOT_READY = "turnstile_not_ready"
    RECORD_LATE = "record_late"
    RECORD_FAILED = "record_failed"
    OFFICER_REFUSED = "officer_refused"
    REFERRAL_LAPSED = "referral_lapsed"


INAUTHENTIC = frozenset({Reason.UNKNOWN_KEY, Reason.SIGNATURE, Reason.KEY_USAGE, Reason.ISSUER})
"""A code was readable, but nobody whom this site trusts stands behind it."""


def text(reason: Reason, locale: Locale) -> str:
    """Return one or two short sentences for the person in front of the gate."""
    indonesian, english = _TEXTS[reason]
    match locale:
        case Locale.ID:
            return indonesian
        case Locale.EN:
            return english


_TEXTS: Mapping[Reason, tuple[str, str]] = {
    Reason.OK: ("Silakan masuk.", "Please come in."),
    Reason.ATTESTED: (
        "Silakan masuk. Pernyataan Anda sudah dicatat petugas.",
        "Please come in. The officer has recorded your declaration.",
    ),
    Reason.REFERRAL_ADMITTED: (
        "Silakan masuk. Petugas sudah memberi izin.",
        "Please come in. The officer has let you in.",
    ),
    Reason.EXIT: ("Silakan keluar. Sampai jumpa.", "Please go through. Goodbye."),
    Reason.EMERGENCY: (
        "Keadaan darurat. Jangan masuk; menjauhlah dari gedung.",
        "Emergency. Do not come in; keep away from the building.",
    ),
    Reason.LOCKED_DOWN: (
        "Saat ini pintu hanya untuk keluar. Tunggu petunjuk petugas.",
        "The gate is for leaving only now. Wait for the officer's word.",
    ),
    Reason.CLOSED_NOW: (
        "Gedung sedang tutup. Silakan kembali pada jam buka.",
        "The building is closed. Please come back during opening hours.",
    ),
    Reason.POLICY_EXPIRED: (
        "Aturan masuk sedang diperbarui. Silakan temui petugas.",
        "The rules for entry are being renewed. Please see the officer.",
    ),
    Reason.EMPTY: (
        "Kode belum terbaca. Dekatkan kode ke pembaca, lalu pindai lagi.",
        "No code was read. Hold it closer to the reader and scan again.",
    ),
    Reason.UNREADABLE_BINARY: (
        "Ini bukan kode masuk. Tunjukkan kode atau kartu masuk Anda.",
        "This is not a code for entry. Please show your pass.",
    ),
    Reason.TOO_LARGE: (
        "Kode terlalu panjang untuk gerbang ini. Tunjukkan kode lain, atau temui petugas.",
        "The code is too long for this gate. Show another one, or see the officer.",
    ),
    Reason.PREFIX: (
        "Jenis kode ini tidak dikenal di sini. Tunjukkan kode masuk Anda, atau temui petugas.",
        "This kind of code is not known here. Show your pass, or see the officer.",
    ),
    Reason.BASE45: (
        "Kode hanya terbaca sebagian. Pegang lurus dan terang, lalu pindai lagi.",
        "Only a part of the code was read. Hold it straight and bright, and scan again.",
    ),
    Reason.NUMERIC_FORM: (
        "Angka pada kode tidak utuh. Bersihkan layar atau kertas, lalu pindai lagi.",
        "The digits of the code are damaged. Clean screen or paper, and scan again.",
    ),
    Reason.CHUNK_INDEX: (
        "Nomor bagian kode tidak cocok. Tunjukkan semua bagian dari satu kartu.",
        "The number of this part does not fit. Show all parts of one card.",
    ),
    Reason.CHUNK_SIZE: (
        "Bagian kode ini terlalu panjang. Minta kode baru kepada penerbitnya.",
        "This part of the code is too long. Ask its issuer for a new one.",
    ),
    Reason.INCOMPLETE: (
        "Masih ada bagian kode yang belum dipindai. Tunjukkan semua bagian, satu per satu.",
        "Parts of the code are missing. Show all of them, one after the other.",
    ),
    Reason.ZLIB: (
        "Kode tidak dapat dibuka. Pindai lagi; jika tetap gagal, minta kode baru.",
        "The code cannot be unpacked. Scan again; if it fails again, ask for a new one.",
    ),
    Reason.CBOR: (
        "Isi kode rusak. Pindai lagi; jika tetap gagal, minta kode baru.",
        "The code is damaged. Scan again; if it fails again, ask for a new one.",
    ),
    Reason.CWT: (
        "Isi kode tidak dapat dibaca. Minta kode baru kepada penerbitnya.",
        "The content of the code cannot be read. Ask its issuer for a new one.",
    ),
    Reason.HEADER: (
        "Kepala kode tidak sah. Minta kode baru kepada penerbitnya.",
        "The code says not how it was signed. Ask its issuer for a new one.",
    ),
    Reason.SIGNATURE_FORMAT: (
        "Tanda tangan kode salah bentuk. Minta kode baru kepada penerbitnya.",
        "The code's signature has a wrong form. Ask its issuer for a new one.",
    ),
    Reason.SCHEMA: (
        "Data pada kode tidak lengkap. Minta kode baru kepada penerbitnya.",
        "The code lacks something. Ask its issuer for a new one.",
    ),
    Reason.MULTIPLE_CERTIFICATES: (
        "Kode memuat lebih dari satu surat. Tunjukkan kode yang memuat satu saja.",
        "The code holds more than one certificate. Show one that holds a single one.",
    ),
    Reason.UNSUPPORTED: (
        "Kode ini lebih baru daripada gerbang ini. Silakan temui petugas.",
        "This code is newer than the gate. Please see the officer.",
    ),
    Reason.UNKNOWN_KEY: (
        "Penerbit kode ini tidak dikenal di sini. Silakan temui petugas.",
        "The issuer of this code is not known here. Please see the officer.",
    ),
    Reason.SIGNATURE: (
        "Keaslian kode tidak terbukti. Tunjukkan kode dari penerbit resmi, atau temui petugas.",
        "The code is not genuine. Show the one from your issuer, or see the officer.",
    ),
    Reason.KEY_USAGE: (
        "Penerbit kode ini tidak berwenang memberi izin masuk. Silakan temui petugas.",
        "The issuer of this code may not give passes. Please see the officer.",
    ),
    Reason.ISSUER: (
        "Nama penerbit pada kode tidak cocok. Silakan temui petugas.",
        "The code bears the name of another issuer. Please see the officer.",
    ),
    Reason.ATTESTATION_INCOMPLETE: (
        "Pernyataan belum lengkap. Lengkapi bersama petugas.",
        "The declaration is not complete. Please complete it with the officer.",
    ),
    Reason.OFFICER_ABSENT: (
        "Belum ada petugas yang bertugas di gerbang. Petugas harus masuk tugas lebih dahulu.",
        "No officer is on duty at the gate. An officer has to sign on first.",
    ),
    Reason.CODE_MISSING: (
        "Anda masuk dengan kode yang berganti. Buka di ponsel Anda, lalu pindai kode itu.",
        "You come in with a code that changes. Open it on your phone, and scan that.",
    ),
    Reason.CODE_WRONG: (
        "Kode tidak cocok untuk saat ini. Pindai kode berikutnya, atau temui petugas.",
        "This is not the code of now. Scan the next one, or see the officer.",
    ),
    Reason.REPLAYED: (
        "Kode ini sudah dipakai. Tunggu kode berikutnya di ponsel Anda, lalu pindai lagi.",
        "This code was used already. Wait for the next one on your phone, and scan that.",
    ),
    Reason.CLOCK_UNSYNCED: (
        "Jam gerbang sedang disetel. Silakan temui petugas.",
        "The clock of the gate is being set. Please see the officer.",
    ),
    Reason.PRESENCE: (
        "Kode ini tidak menunjukkan bahwa Anda ada di sini. Pindai kode pada layar jalur ini.",
        "This code does not show that you are here. Scan the one on the lane's display.",
    ),
    Reason.EXPIRED: (
        "Masa berlaku kode sudah habis. Minta kode baru.",
        "The code has expired. Ask for a new one.",
    ),
    Reason.NOT_YET_VALID: (
        "Kode ini belum berlaku. Silakan kembali saat sudah berlaku.",
        "The code is not valid yet. Please come back when it is.",
    ),
    Reason.REVOKED: (
        "Kode ini sudah dibatalkan penerbitnya. Minta kode baru, atau temui petugas.",
        "The issuer has withdrawn this code. Ask for a new one, or see the officer.",
    ),
    Reason.BLOCKED: (
        "Kode ini tidak boleh dipakai lagi. Silakan temui petugas.",
        "This code may not be used any more. Please see the officer.",
    ),
    Reason.UNKNOWN_HOLDER: (
        "Anda belum terdaftar di sini. Silakan mendaftar pada petugas.",
        "You are not registered here. Please register with the officer.",
    ),
    Reason.ROSTER_OLD: (
        "Daftar di gerbang ini perlu diperbarui. Silakan temui petugas.",
        "The list at this gate needs to be renewed. Please see the officer.",
    ),
    Reason.UNKNOWN_CATEGORY: (
        "Golongan pada kode tidak dikenal di sini. Silakan temui petugas.",
        "The category on the code is not known here. Please see the officer.",
    ),
    Reason.OUTSIDE_HOURS: (
        "Di luar jam masuk Anda. Silakan kembali pada jam Anda.",
        "Outside the hours for you. Please come back within them.",
    ),
    Reason.AGE: (
        "Untuk usia Anda berlaku aturan sendiri. Silakan temui petugas.",
        "There is a rule of its own for your age. Please see the officer.",
    ),
    Reason.STATUS_YELLOW: (
        "Mohon temui petugas sebentar sebelum masuk.",
        "Please see the officer for a moment before you go in.",
    ),
    Reason.STATUS_RED: (
        "Anda belum dapat masuk. Petugas akan menjelaskan langkah berikutnya.",
        "You cannot go in yet. The officer will tell you what to do next.",
    ),
    Reason.STATUS_BLACK: (
        "Anda belum dapat masuk. Mohon tunggu petugas di samping gerbang.",
        "You cannot go in yet. Please wait for the officer beside the gate.",
    ),
    Reason.STATUS_UNKNOWN: (
        "Data Anda belum ada di sini. Silakan temui petugas.",
        "Your data are not here yet. Please see the officer.",
    ),
    Reason.REGION_TEST: (
        "Untuk tamu dari luar daerah ada syarat tambahan. Silakan temui petugas.",
        "There is one more condition for guests from elsewhere. Please see the officer.",
    ),
    Reason.ORIGIN_UNKNOWN: (
        "Asal daerah Anda belum tercatat. Silakan sampaikan kepada petugas.",
        "Where you come from is not on record. Please tell the officer.",
    ),
    Reason.ALREADY_INSIDE: (
        "Menurut catatan, Anda sudah di dalam. Jika belum, silakan temui petugas.",
        "By our records you are inside already. If not, please see the officer.",
    ),
    Reason.ALREADY_GRANTED: (
        "Pintu sudah dibuka untuk Anda. Silakan lewat.",
        "The gate is open for you already. Please go through.",
    ),
    Reason.ENTRIES_USED: (
        "Kode ini tidak berlaku lagi untuk masuk. Silakan temui petugas.",
        "This code lets nobody in any more. Please see the officer.",
    ),
    Reason.CAPACITY_FULL: (
        "Gedung sedang penuh. Tunggu sampai ada yang keluar, lalu pindai lagi.",
        "The building is full. Wait until somebody leaves, then scan again.",
    ),
    Reason.LANE_BUSY: (
        "Jalur ini sedang dipakai. Tunggu giliran, lalu pindai lagi.",
        "This lane is in use. Wait for your turn, then scan again.",
    ),
    Reason.TURNSTILE_NOT_READY: (
        "Jalur ini tidak dapat dibuka. Pakai jalur lain, atau temui petugas.",
        "This lane cannot open. Use another one, or see the officer.",
    ),
    Reason.RECORD_LATE: (
        "Sistem sedang lambat. Tunggu sebentar, lalu pindai lagi.",
        "The system is slow. Wait a moment, then scan again.",
    ),
    Reason.RECORD_FAILED: (
        "Sistem sedang tidak dapat mencatat. Petugas akan membukakan pintu.",
        "The system cannot keep records now. The officer will open for you.",
    ),
    Reason.OFFICER_REFUSED: (
        "Petugas belum dapat memberi izin masuk. Silakan bertanya kepada petugas.",
        "The officer cannot let you in. Please ask the officer why.",
    ),
    Reason.REFERRAL_LAPSED: (
        "Waktu tunggu sudah habis. Silakan pindai lagi, atau temui petugas.",
        "The time to wait is over. Please scan again, or see the officer.",
    ),
}
