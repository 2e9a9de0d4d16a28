"""A corpus of libraries that `check_abi` is held against: bad ones, each with one fault, and good ones."""

from support.library_corpus.elf_damage import DAMAGED, OTHER_FILES
from support.library_corpus.elf_good import GOOD_ELF
from support.library_corpus.elf_links import LINK_FAULTS
from support.library_corpus.elf_symbols import SYMBOL_FAULTS
from support.library_corpus.macho import GOOD_MACHO, MACHO_FAULTS
from support.library_corpus.sample import Sample, strip

__all__ = ["BAD", "GOOD", "Sample", "strip"]

BAD: tuple[Sample, ...] = (*SYMBOL_FAULTS, *LINK_FAULTS, *OTHER_FILES, *DAMAGED, *MACHO_FAULTS)
GOOD: tuple[Sample, ...] = (*GOOD_ELF, *GOOD_MACHO)
