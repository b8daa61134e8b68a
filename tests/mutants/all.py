"""All mutants, from what decides at the gate to what a page may do."""

from tests.mutants.devices import DEVICES
from tests.mutants.gate import GATE
from tests.mutants.mutant import Mutant
from tests.mutants.pages import PAGES
from tests.mutants.persons import PERSONS
from tests.mutants.records import RECORDS
from tests.mutants.trusted import TRUSTED
from tests.mutants.watched import WATCHED

MUTANTS: tuple[Mutant, ...] = (*GATE, *RECORDS, *PERSONS, *TRUSTED, *DEVICES, *PAGES, *WATCHED)
