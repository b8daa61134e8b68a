"""What the wizard writes into the settings for people, in both languages."""

from collections.abc import Mapping
from typing import Final

from gatewayd.core.reasons import Locale

COMMENTS: Final[Mapping[Locale, Mapping[str, str]]] = {
    Locale.ID: {
        "head": (
            "# Pengaturan gerbang ini, dibuat oleh `gatewayd init`. Sesudah mengubahnya:\n"
            "#     gatewayd check -c FILE\n"
            "# menyebut setiap kesalahan dengan barisnya. Baris yang diawali # tidak berlaku.\n"
            "# Semua nilai lain: config/defaults.toml; setiap kunci dijelaskan di docs/install.md."
        ),
        "site": "# Bersama-sama region/organisation/id adalah nama gerbang ini di pusat.",
        "policy": "# Siapa yang boleh masuk. Baris di bawah profil mengubah satu aturannya.",
        "observe": (
            '# mode = "observe"   # untuk mulai: tidak ada yang ditahan, penolakan hanya dicatat'
        ),
        "trust": "# Folder kunci publik dari mereka yang menerbitkan pas.",
        "device_broker": (
            "# Broker di dalam gedung antara gerbang dan turnstile; bukan broker pusat.\n"
            '# "embedded": gatewayd menjalankannya sendiri, hanya untuk mesin ini.'
        ),
        "lane": "# Satu jalur: turnstile dengan pembacanya.",
        "entry_reader": "# Pembaca QR di sisi masuk. Nama menurut tempat colokan tidak berubah.",
        "exit_reader": "# Pembaca QR di sisi keluar: memberi tahu siapa yang masih di dalam.",
        "turnstile": "# Pengendali turnstile; kunci di psk_file harus sama dengan di pengendali.",
        "rosters": (
            "# Daftar orang yang masuk dengan nomor biasa dalam kode QR:\n"
            "# [[rosters]]\n"
            '# name = "staff"\n'
            '# file = "staff.csv"   # id,category,valid_from,valid_until,blocked,note'
        ),
        "no_broker": (
            "# Pusat. Tanpa bagian ini gerbang bekerja sendiri dan menyimpan catatannya di sini.\n"
            "# [broker]\n"
            '# url = "mqtts://broker.example:8883"'
        ),
        "broker": "# Pusat. Gerbang tetap bekerja berhari-hari tanpa sambungan.",
        "desk": "# Halaman petugas dan pengelola, di peramban mesin ini.",
    },
    Locale.EN: {
        "head": (
            "# The settings of this gate, made by `gatewayd init`. After a change of them ask:\n"
            "#     gatewayd check -c FILE\n"
            "# It names every mistake with its line. A line that begins with # is switched off.\n"
            "# All other values: config/defaults.toml; docs/install.md goes through each step."
        ),
        "site": "# Together region/organisation/id are the name of this gate at the centre.",
        "policy": "# Who may enter. Each line below the profile changes one rule of it.",
        "observe": (
            '# mode = "observe"   # to begin with: holds nobody, writes down who would be refused'
        ),
        "trust": "# The folder of public keys of those who issue passes.",
        "device_broker": (
            "# The broker inside the building, between gate and turnstiles; not the centre's.\n"
            '# "embedded": gatewayd runs one by itself, for this machine only.'
        ),
        "lane": "# One lane: a turnstile with its readers.",
        "entry_reader": "# The QR reader at the way in. Its name by the place of the plug stays.",
        "exit_reader": "# The QR reader at the way out: it tells who is still inside.",
        "turnstile": "# The controller; the key in psk_file has to be in the controller too.",
        "rosters": (
            "# Lists of people who enter with a plain number in a QR code:\n"
            "# [[rosters]]\n"
            '# name = "staff"\n'
            '# file = "staff.csv"   # id,category,valid_from,valid_until,blocked,note'
        ),
        "no_broker": (
            "# The centre. Without this section the gate works alone and keeps its records.\n"
            "# [broker]\n"
            '# url = "mqtts://broker.example:8883"'
        ),
        "broker": "# The centre. The gate works for days without a connection.",
        "desk": "# The pages of officer and manager, in a browser on this machine.",
    },
}

LEFT: Final[Mapping[Locale, Mapping[str, str]]] = {
    Locale.ID: {
        "ports": "isi port yang bertanda CHANGE di {path}: ls -l /dev/serial/by-path/",
        "keys": "masukkan kunci setiap turnstile ke pengendalinya: {keys}",
        "device_broker": "jalankan broker untuk turnstile di {url}, dan isi nama alatnya (device)",
        "password": "tulis kata sandi broker ke file {file} (chmod 640)",
        "trust": "taruh kunci publik penerbit pas ke folder {folder}",
        "doctor": "tanyakan apakah semuanya menjawab: gatewayd doctor -c {path}",
    },
    Locale.EN: {
        "ports": "fill in the ports that are marked CHANGE in {path}: ls -l /dev/serial/by-path/",
        "keys": "put the key of each turnstile into its controller: {keys}",
        "device_broker": "run a broker for the turnstiles at {url}, and name each `device`",
        "password": "write the broker's password into the file {file} (chmod 640)",
        "trust": "put the public keys of those who issue passes into the folder {folder}",
        "doctor": "ask whether everything answers: gatewayd doctor -c {path}",
    },
}
