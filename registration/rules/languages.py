"""Which language does this word mean? ISO 639-3 codes, from codes and from names in English, French, Spanish and Arabic (CLDR)."""

# ruff: noqa: SIM905 - word lists read better as one text

from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

from registration.rules.words import plain

# CLDR calls these by the code of a larger language; a caseworker looks for an interpreter of just this one.
_OWN_NAMES = {
    "dari": "prs",
    "farsi": "fas",
    "kurmanji": "kmr",
    "badini": "kmr",
    "sorani": "ckb",
    "zaghawa": "zag",
    "masalit": "mls",
    "rohingya": "rhg",
}


@cache
def _aliases() -> dict[str, str]:
    """ISO 639-2 and -3 codes to those of 639-1, as CLDR has them."""
    pairs = ((str(code), str(two)) for code, two in get_global("language_aliases").items())
    return {code: two for code, two in pairs if len(code) == 3 and len(two) == 2}


# Of two codes of three letters (fre, fra) the terminological one is ISO 639-3's; CLDR names both.
_TERMINOLOGICAL = dict(
    pair.split(":")
    for pair in (
        "fr:fra de:deu fa:fas sq:sqi hy:hye my:mya zh:zho ka:kat el:ell nl:nld cs:ces eu:eus is:isl mk:mkd mi:mri "
        "ms:msa ro:ron sk:slk bo:bod cy:cym"
    ).split()
)


@cache
def _codes() -> dict[str, str]:
    """ISO 639-1 codes to ISO 639-3."""
    return {two: code for code, two in _aliases().items()} | _TERMINOLOGICAL


@cache
def _names() -> dict[str, str]:
    """What a list may call a language, in plain words or by a code, to its code."""
    found: dict[str, str] = {}
    for tongue in ("ar", "es", "fr", "en"):
        for code, name in Locale(tongue).languages.items():
            if three := _codes().get(code) or (code if len(code) == 3 else ""):
                found[plain(name)] = found[three] = three
    by_code = {code: _codes()[two] for code, two in _aliases().items()}
    return found | by_code | _codes() | {code: code for code in _OWN_NAMES.values()} | _OWN_NAMES


def name_of(code: str, locale: str) -> str:
    """The name of a language in another, the code itself where CLDR has none."""
    return str(Locale.parse(locale, sep="-").languages.get(_aliases().get(code, code), code))


@lru_cache(maxsize=4096)
def language_of(word: str) -> str | None:
    """The ISO 639-3 code of a language, None for an unknown word. A code of three letters is believed where it is known."""
    return _names().get(plain(word))
