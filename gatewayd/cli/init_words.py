"""The questions of `gatewayd init`, in both languages."""

from collections.abc import Mapping
from typing import Final

from gatewayd.core.reasons import Locale

QUESTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "intro": (
        "Beberapa pertanyaan tentang gerbang ini. Enter menerima jawaban dalam [kurung].",
        "Some questions about this gate. Enter takes the answer in [brackets].",
    ),
    "region": ("Wilayah (a-z, 0-9, -)", "Region (a-z, 0-9, -)"),
    "organisation": ("Instansi (a-z, 0-9, -)", "Organisation (a-z, 0-9, -)"),
    "id": ("Nama singkat gedung (a-z, 0-9, -)", "Short name of the building (a-z, 0-9, -)"),
    "name": ("Nama gedung untuk orang", "Name of the building for people"),
    "timezone": (
        "Zona waktu (Asia/Jakarta, Asia/Makassar, Asia/Jayapura)",
        "Time zone (Asia/Jakarta, Asia/Makassar, Asia/Jayapura)",
    ),
    "profile": ("Jenis tempat", "Kind of place"),
    "lanes": ("Jumlah jalur", "How many lanes"),
    "reader": ("Jenis pembaca QR", "Kind of QR reader"),
    "turnstile": ("Jenis pengendali turnstile", "Kind of turnstile controller"),
    "exit_reader": ("Ada pembaca di sisi keluar?", "Is there a reader at the way out?"),
    "broker": (
        "Alamat broker pusat, misalnya mqtts://broker.example:8883 (kosong: tidak ada)",
        "Address of the centre's broker, like mqtts://broker.example:8883 (empty: none)",
    ),
    "broker_user": (
        "Nama pengguna di broker itu (kosong: tidak ada)",
        "User name at that broker (empty: none)",
    ),
    "desk": ("Halaman petugas dan pengelola diaktifkan?", "Pages for officer and manager?"),
    "port": ("Port dari {what}", "Port of {what}"),
    "entry": ("pembaca masuk {lane}", "the entry reader of {lane}"),
    "exit": ("pembaca keluar {lane}", "the exit reader of {lane}"),
    "gate": ("turnstile {lane}", "the turnstile of {lane}"),
    "no_ports": (
        "Tidak ada port serial yang tercolok; isi nanti di file pengaturan.",
        "No serial port is plugged in; fill it in later, in the settings file.",
    ),
    "port_choice": (
        "Nomor, nama port, c = cabut sekarang, k = tunjukkan kode sekarang, kosong = nanti",
        "Number, name of a port, u = unplug it now, s = scan a code now, empty = later",
    ),
    "unplug": ("Cabut colokan {what} sekarang ...", "Pull the plug of {what} now ..."),
    "plug_back": ("Ketemu: {port}. Colokkan lagi.", "Found: {port}. Push it in again."),
    "scan": ("Tunjukkan kode pada {what} sekarang ...", "Show a code to {what} now ..."),
    "heard": ("Ketemu: {port} mengirim sesuatu.", "Found: {port} delivered something."),
    "nothing": (
        "Tidak terjadi apa-apa selama 30 detik. Coba lagi.",
        "Nothing happened for 30 seconds. Try again.",
    ),
    "one_of": ("pilih salah satu: {choices}", "choose one of: {choices}"),
    "word": ("hanya a-z, 0-9 dan -", "only a-z, 0-9 and -"),
    "zone": ("tidak dikenal: {value}", "is not known: {value}"),
    "count": ("1 sampai {most}", "1 to {most}"),
    "written": ("Ditulis: {files}", "Written: {files}"),
    "left": ("Yang masih harus dilakukan:", "What is left to do:"),
}

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "line": ("mengirim kode sebagai baris (kebanyakan pembaca)", "sends a code as a line (most)"),
    "gm65": ("modul GM65 atau sejenisnya", "a GM65 module, or one like it"),
    "ssi": ("Zebra/Symbol dengan SSI", "Zebra/Symbol with SSI"),
    "gatelink": ("pengendali dengan protokol kami di jalur serial", "our protocol, serial"),
    "mqtt": ("pengendali dengan protokol kami lewat MQTT", "our protocol, over MQTT"),
    "mqtt_relay": ("relai Shelly atau Tasmota, tanpa umpan balik", "a relay, without feedback"),
    "modbus_turnstile": ("papan turnstile dengan Modbus", "a turnstile board with Modbus"),
    "modbus_relay": ("papan relai Modbus dengan input", "a Modbus relay board with inputs"),
    "board_7e": ("papan turnstile RS-485 (7E)", "an RS-485 turnstile board (7E)"),
}

PROFILES: Final[Mapping[str, tuple[str, str]]] = {
    "plain-office": ("yang dikenal masuk, lainnya tidak", "known people in, nobody else"),
    "public-service": ("mal pelayanan, kebanyakan tamu", "a mall of counters, mostly visitors"),
    "city-office": ("kantor pemerintah kota", "an agency of a city"),
    "regency-office": (
        "petugas membantu yang tanpa aplikasi",
        "the officer helps those without app",
    ),
    "governor-office": ("tamu dari luar provinsi perlu tes", "guests from outside need a test"),
    "immigration-office": ("pemohon menyebut keperluannya", "applicants come with a purpose"),
    "health-centre": ("pasien tidak pernah ditolak", "patients are never turned away"),
    "village-office": ("kelurahan atau desa, jam kerja", "a village office, in office hours"),
    "market": ("banyak orang, keluar bebas", "many people, the exit is free"),
    "rest-area": ("pelancong, siang dan malam", "travellers, day and night"),
    "hotel": ("tamu keluar masuk", "guests come and go"),
}


def said(text: tuple[str, str], locale: Locale) -> str:
    match locale:
        case Locale.ID:
            return text[0]
        case Locale.EN:
            return text[1]
