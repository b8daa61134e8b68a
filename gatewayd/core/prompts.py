"""What the lane asks a person to do next, beside its lights: texts for a display at the gate."""

from enum import StrEnum

from gatewayd.core.reasons import Locale


class Prompt(StrEnum):
    NEXT_PART = "next_part"
    """The code has more parts, which may come in any order."""
    OTHER_CERTIFICATE = "other_certificate"
    """What was shown is not enough; a second certificate of the same person may be."""


def text(prompt: Prompt, locale: Locale) -> str:
    indonesian, english = _TEXTS[prompt]
    match locale:
        case Locale.ID:
            return indonesian
        case Locale.EN:
            return english


_TEXTS = {
    Prompt.NEXT_PART: (
        "Satu bagian kode sudah terbaca. Tunjukkan bagian berikutnya.",
        "One part of the code was read. Now show the next one.",
    ),
    Prompt.OTHER_CERTIFICATE: (
        "Sekarang tunjukkan hasil tes Anda, atau surat Anda yang lain.",
        "Now show your test result, or your other certificate.",
    ),
}
