"""A mutant: one defect planted in the text of the product's source, and who has to notice it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEED = "sim:"


class Promise(StrEnum):
    """What is never broken, and what each defect breaks."""

    RECORD = "no entry opens without its record"
    EXIT = "exit is never blocked, and fire wins"
    ONCE = "a grant lets one person through, once"
    TOLD = "every scan and every passage leaves its record"
    REPLAY = "nothing replayed, late or repeated opens"
    RECEIPT = "an event leaves only after its receipt"
    PRIVACY = "nothing of a person is stored, logged or published"
    STARTS = "the gate starts, whatever its files are like"
    AUTHENTIC = "only whom the site trusts is believed"
    POLICY = "the rules in force decide, as they are written"
    COUNT = "the count of people inside is right"
    DESK = "nobody does at a page what is not theirs to do"
    LINE = "what the line spoils is never taken for true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """name: what is wrong now, as a sentence. breaks: the promise that it breaks.

    old: stands exactly once in the file, and is replaced by new. caught_by: tests, as pytest names
    them, or `sim:SEED`; the first to notice it are tried first.
    """

    name: str
    breaks: Promise
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]

    def plant(self, tree: Path) -> None:
        """Write the defect into a copy of the source. Raises ValueError where it has no place."""
        path = tree / self.file
        path.write_text(self.planted_in(path.read_text()))

    def planted_in(self, text: str) -> str:
        count = text.count(self.old)
        if count != 1:
            raise ValueError(
                f"{self.name!r} is stale: expected its old text once in {self.file}, found it "
                f"{count} times; write it anew in tests/mutants for the source as it is now"
            )
        return text.replace(self.old, self.new)
