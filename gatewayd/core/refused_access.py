"""Why somebody at the pages is turned away: a closed list of codes, each with a text for people."""

from collections.abc import Mapping
from enum import StrEnum

from gatewayd.core.reasons import Locale


class RefusedAccess(StrEnum):
    """The codes are stable: pages and programs act on them."""

    # who they are
    SIGNED_OUT = "signed_out"
    ROLE = "role"
    WRONG = "wrong"
    """The label or the secret: nobody is told which."""
    LOCKED = "locked"
    BUSY = "busy"
    MUST_CHANGE = "must_change"
    NO_SESSION = "no_session"
    # the new secret
    PIN_SHORT = "pin_short"
    SECRET_SHORT = "secret_short"  # noqa: S105, a code
    PASSWORD_SHORT = "password_short"  # noqa: S105, a code
    SECRET_LONG = "secret_long"  # noqa: S105, a code
    SECRET_OBVIOUS = "secret_obvious"  # noqa: S105, a code
    SECRET_SAME = "secret_same"  # noqa: S105, a code
    # the first manager
    LABEL = "label"
    LABEL_TAKEN = "label_taken"
    SET_UP = "set_up"
    """There is a manager already."""
    SET_UP_TOKEN = "set_up_token"  # noqa: S105, a code
    STORAGE = "storage"
    # the request
    TOO_MANY = "too_many"
    FORGED = "forged"
    FOREIGN_HOST = "foreign_host"
    FOREIGN_PAGE = "foreign_page"
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BODY = "body"


def text(code: RefusedAccess, locale: Locale) -> str:
    """Return what somebody at a page reads: what is wrong, and what to do."""
    indonesian, english = _TEXTS[code]
    match locale:
        case Locale.ID:
            return indonesian
        case Locale.EN:
            return english


_TEXTS: Mapping[RefusedAccess, tuple[str, str]] = {
    RefusedAccess.SIGNED_OUT: (
        "Anda belum masuk. Silakan masuk dahulu.",
        "You are not signed in. Please sign in first.",
    ),
    RefusedAccess.ROLE: (
        "Peran Anda tidak boleh melakukan ini. Mintalah kepada pengelola.",
        "Your role may not do this. Ask the manager.",
    ),
    RefusedAccess.WRONG: (
        "Label atau sandinya salah. Periksa keduanya, lalu coba lagi.",
        "The label or the secret is wrong. Look at both and try again.",
    ),
    RefusedAccess.LOCKED: (
        "Terlalu sering salah. Tunggu beberapa menit, lalu coba lagi.",
        "Wrong too often. Wait for some minutes, then try again.",
    ),
    RefusedAccess.BUSY: (
        "Terlalu banyak yang masuk bersamaan. Tunggu sebentar, lalu coba lagi.",
        "Too many sign in at once. Wait a moment, then try again.",
    ),
    RefusedAccess.MUST_CHANGE: (
        "Sandi ini hanya berlaku satu kali. Buat sandi Anda sendiri.",
        "This secret is good for one time. Choose your own.",
    ),
    RefusedAccess.NO_SESSION: (
        "Token tidak perlu keluar: cabut di daftar pengguna.",
        "A token does not sign out: remove it in the list of users.",
    ),
    RefusedAccess.PIN_SHORT: (
        "PIN terdiri atas 6 sampai 12 angka.",
        "A PIN has 6 to 12 digits.",
    ),
    RefusedAccess.SECRET_SHORT: (
        "PIN terdiri atas 6 sampai 12 angka, kata sandi sekurangnya 12 karakter.",
        "A PIN has 6 to 12 digits, a password at least 12 characters.",
    ),
    RefusedAccess.PASSWORD_SHORT: (
        "Kata sandi sekurangnya 12 karakter; beberapa kata sekaligus mudah diingat.",
        "A password has at least 12 characters; several words are easy to remember.",
    ),
    RefusedAccess.SECRET_LONG: (
        "Sandi ini terlalu panjang: paling banyak 256 karakter.",
        "This secret is too long: at most 256 characters.",
    ),
    RefusedAccess.SECRET_OBVIOUS: (
        "Sandi ini termasuk yang pertama dicoba orang. Pilih yang lain.",
        "This is one of the secrets that are tried first. Choose another one.",
    ),
    RefusedAccess.SECRET_SAME: (
        "Ini sandi yang lama. Pilih yang lain.",
        "That is the old secret. Choose another one.",
    ),
    RefusedAccess.LABEL: (
        "Label terdiri atas 1 sampai 32 karakter a-z, 0-9, _ dan -, diawali huruf; bukan nama.",
        "A label has 1 to 32 characters of a-z, 0-9, _ and -, a letter first; it is no name.",
    ),
    RefusedAccess.LABEL_TAKEN: (
        "Label ini sudah dipakai. Pilih yang lain.",
        "There is somebody with this label already. Choose another one.",
    ),
    RefusedAccess.SET_UP: (
        "Gerbang ini sudah punya pengelola. Silakan masuk.",
        "This gate has a manager already. Please sign in.",
    ),
    RefusedAccess.SET_UP_TOKEN: (
        "Kode penyiapan salah. Lihat alamatnya dengan: gatewayd user setup",
        "The set-up token is wrong. See the address with: gatewayd user setup",
    ),
    RefusedAccess.STORAGE: (
        "Disk gerbang menolak: tidak ada yang diubah. Beri tahu teknisi.",
        "The disk of the gate refuses: nothing was changed. Tell the technician.",
    ),
    RefusedAccess.TOO_MANY: (
        "Terlalu banyak permintaan. Tunggu sebentar, lalu coba lagi.",
        "Too many requests. Wait a moment, then try again.",
    ),
    RefusedAccess.FORGED: (
        "Permintaan ini tidak berasal dari halaman Anda. Muat ulang halaman, lalu coba lagi.",
        "This request is not from your page. Reload the page and try again.",
    ),
    RefusedAccess.FOREIGN_HOST: (
        "Gerbang tidak dikenal dengan nama ini. Pakai alamatnya, atau tambahkan di [desk] names.",
        "The gate is not known by this name. Use its address, or add it to [desk] names.",
    ),
    RefusedAccess.FOREIGN_PAGE: (
        "Permintaan dari halaman lain ditolak. Buka halaman gerbang ini sendiri.",
        "A request of another page is refused. Open the page of this gate itself.",
    ),
    RefusedAccess.NOT_JSON: (
        "Isi permintaan harus JSON, dengan Content-Type: application/json.",
        "The body has to be JSON, with Content-Type: application/json.",
    ),
    RefusedAccess.TOO_LARGE: (
        "Isi permintaan terlalu besar.",
        "The body of the request is too large.",
    ),
    RefusedAccess.TOO_SLOW: (
        "Isi permintaan datang terlalu lambat. Coba lagi.",
        "The body of the request came too slowly. Try again.",
    ),
    RefusedAccess.BODY: (
        "Isi permintaan salah bentuk.",
        "The body of the request has a wrong form.",
    ),
}
