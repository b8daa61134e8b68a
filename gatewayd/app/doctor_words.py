"""What the doctor says: of each thing that it looked at one sentence, and whether it is well."""

from dataclasses import dataclass

from gatewayd.core.words import Json


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: as settings and alarms call it. text: one sentence, with what to do if need be."""

    subject: str
    is_well: bool
    text: str

    def document(self) -> dict[str, Json]:
        return {"subject": self.subject, "ok": self.is_well, "text": self.text}


def well(subject: str, text: str) -> Finding:
    return Finding(subject, is_well=True, text=text)


def ill(subject: str, text: str) -> Finding:
    return Finding(subject, is_well=False, text=text)
