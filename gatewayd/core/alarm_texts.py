"""What each alarm means and what to do about it, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatewayd.core.reasons import Locale

OCCUPANCY = "occupancy_"
"""Begins the alarms of a house that fills; the percent of the limit follows."""


@dataclass(frozen=True, slots=True)
class AlarmText:
    """title: what is wrong, in a few words. instruction: what the person in front of it does."""

    title: str
    instruction: str


def alarm_text(alarm: str, locale: Locale) -> AlarmText:
    """Return the text of an alarm; one that only a newer gateway knows is told by its name."""
    kind = OCCUPANCY if alarm.startswith(OCCUPANCY) else alarm
    both = _TEXTS.get(kind)
    if both is None:
        return AlarmText(alarm, _UNKNOWN[locale])
    text = both[0] if locale is Locale.ID else both[1]
    percent = alarm.removeprefix(OCCUPANCY)
    return AlarmText(text.title.replace("%", f"{percent}%"), text.instruction)


def alarm_title(kind: str, locale: Locale) -> str:
    """Return the title of a kind that has one; `%` stands where a share of a limit belongs."""
    return _TEXTS[kind][0 if locale is Locale.ID else 1].title


def alarm_kinds() -> tuple[str, ...]:
    """Return the alarms that have a text."""
    return tuple(_TEXTS)


_UNKNOWN: Mapping[Locale, str] = {
    Locale.ID: "Lihat rincian di bawah, lalu hubungi teknisi.",
    Locale.EN: "See the details below, then call the technician.",
}

_TEXTS: Mapping[str, tuple[AlarmText, AlarmText]] = {
    "fire": (
        AlarmText(
            "Kebakaran",
            "Semua jalur terbuka. Evakuasi gedung, ambil daftar orang di dalam. Alarm berakhir "
            "di panel kebakaran, bukan di sini.",
        ),
        AlarmText(
            "Fire",
            "All lanes are open. Evacuate the building, take the muster list. The alarm ends at "
            "the fire panel, not here.",
        ),
    ),
    "one_gate_broken": (
        AlarmText(
            "Pintu lain terbuka",
            "Tutup pintu itu sekarang dan periksa siapa yang lewat: mereka tidak terhitung. "
            "Setelah itu koreksi jumlah orang bila perlu.",
        ),
        AlarmText(
            "Another door is open",
            "Shut that door now and see who went through: they are not counted. Then correct the "
            "count if need be.",
        ),
    ),
    "link_lost": (
        AlarmText(
            "Alat tidak menjawab",
            "Periksa daya dan kabel alat itu. Selama terputus, gunakan jalur lain atau kunci "
            "petugas.",
        ),
        AlarmText(
            "A device does not answer",
            "Check power and cable of that device. While it is gone, use another lane or the "
            "officer's key.",
        ),
    ),
    "turnstile_fault": (
        AlarmText(
            "Pintu putar melaporkan gangguan",
            "Lihat apakah ada yang tersangkut. Matikan dan nyalakan pintu putar; bila berulang, "
            "panggil teknisi.",
        ),
        AlarmText(
            "The turnstile reports a fault",
            "See whether something is caught in it. Switch it off and on; if it comes back, call "
            "the technician.",
        ),
    ),
    "passage_stuck": (
        AlarmText(
            "Seseorang tertahan di pintu putar",
            "Bantu orang itu keluar dari pintu putar. Singkirkan barang dari sensornya.",
        ),
        AlarmText(
            "Somebody is stuck in the turnstile",
            "Help the person out of the turnstile. Take things away from its sensors.",
        ),
    ),
    "journal_refuses": (
        AlarmText(
            "Catatan tidak dapat ditulis",
            "Pintu masuk tertutup karena tidak ada yang dapat dicatat; keluar tetap bebas. "
            "Petugas memakai kunci. Kosongkan disk atau ganti kartu penyimpanan.",
        ),
        AlarmText(
            "The records cannot be written",
            "The entry is shut because nothing can be recorded; the exit stays free. The officer "
            "uses the key. Free the disk, or replace the card.",
        ),
    ),
    "journal_damaged": (
        AlarmText(
            "Berkas catatan rusak",
            "Mulai ulang gatewayd pada saat sepi: berkas itu dipindahkan dan yang baru dibuat. "
            "Periksa kartu penyimpanan.",
        ),
        AlarmText(
            "The file of the records is damaged",
            "Restart gatewayd when it is quiet: it moves the file aside and begins a new one. "
            "Look at the card.",
        ),
    ),
    "disk_full": (
        AlarmText(
            "Disk hampir penuh",
            "Hapus berkas yang tidak perlu dari disk hari ini juga; cadangan ruang terakhir "
            "sudah terpakai.",
        ),
        AlarmText(
            "The disk is nearly full",
            "Remove files that nobody needs from the disk today; the last reserve is in use.",
        ),
    ),
    "journal_large": (
        AlarmText(
            "Catatan hampir mencapai batas ukuran",
            "Pastikan sambungan ke pusat jalan, atau naikkan journal_mib_max. Bila tidak, "
            "catatan tertua akan dihapus.",
        ),
        AlarmText(
            "The records are near their size limit",
            "See that the link to the centre works, or raise journal_mib_max. Else the oldest "
            "records are removed.",
        ),
    ),
    "part_failed": (
        AlarmText(
            "Bagian program gagal dan dimulai ulang",
            "Gerbang berjalan terus. Bila berulang, kirim catatan (gatewayd diag) kepada teknisi.",
        ),
        AlarmText(
            "A part of the program failed and was started again",
            "The gate goes on. If it comes back, send the logs (gatewayd diag) to the technician.",
        ),
    ),
    "policy_expired": (
        AlarmText(
            "Aturan sudah habis masa berlakunya",
            "Pasang aturan yang baru, lalu muat ulang di bagian Aturan. Sampai itu berlaku "
            "jawaban yang ditetapkan untuk aturan kedaluwarsa.",
        ),
        AlarmText(
            "The policy has run out",
            "Install the new policy, then reload it under Policy. Until then the answer set for "
            "an expired policy holds.",
        ),
    ),
    "clock_unsynced": (
        AlarmText(
            "Jam tidak dapat dipercaya",
            "Setel jam kotak atau sambungkan ke server waktu. Kode yang berganti dan masa berlaku "
            "tidak dapat diperiksa sampai itu.",
        ),
        AlarmText(
            "The clock cannot be trusted",
            "Set the clock of the box, or connect it to a time server. Until then changing codes "
            "and periods cannot be checked.",
        ),
    ),
    "centre_unreachable": (
        AlarmText(
            "Pusat tidak terjangkau",
            "Gerbang memutuskan sendiri dan menyimpan semua catatan. Periksa jaringan; catatan "
            "terkirim sendiri setelah tersambung.",
        ),
        AlarmText(
            "The centre is out of reach",
            "The gate decides by itself and keeps all records. Check the network; the records "
            "are sent by themselves once it is back.",
        ),
    ),
    "receipts_standing": (
        AlarmText(
            "Pusat tidak mengonfirmasi catatan",
            "Sambungan ada, tetapi catatan tidak diterima. Hubungi pengelola sistem pusat.",
        ),
        AlarmText(
            "The centre does not confirm records",
            "There is a link, but the records are not taken. Call whoever runs the central system.",
        ),
    ),
    "unattended": (
        AlarmText(
            "Tidak ada petugas yang bertugas",
            "Minta petugas masuk tugas di mejanya: tanpa petugas, tamu tidak dapat diizinkan "
            "secara manual.",
        ),
        AlarmText(
            "No officer is on duty",
            "Have an officer go on duty at the desk: without one no guest can be admitted by hand.",
        ),
    ),
    "override_rate": (
        AlarmText(
            "Terlalu banyak izin manual",
            "Bicarakan dengan petugas, dan lihat siapa yang mengizinkan di bagian Jejak audit.",
        ),
        AlarmText(
            "Too many admissions by hand",
            "Talk to the officer, and see who admitted whom under Audit trail.",
        ),
    ),
    OCCUPANCY: (
        AlarmText(
            "Gedung terisi % dari batas",
            "Siapkan antrean di luar. Bila hitungannya salah, koreksi di meja petugas.",
        ),
        AlarmText(
            "The house is % full",
            "Prepare a queue outside. If the count is wrong, correct it at the officer's desk.",
        ),
    ),
}
