"""What are invented people called? Names and spellings that people really use, from packages, by country of origin.

Arabic and Persian script: attested spellings of the PyPI package arabic-name-romanizer (Wikidata, CC0). Others: Faker. Both are in
the extra `local` only; an installation for real people needs neither.
"""

from __future__ import annotations

import random
import sqlite3
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple


class NamesMissing(Exception):
    """The packages with the names are not installed."""

    def __init__(self) -> None:
        super().__init__("Invented people need names: install the packages of requirements/local.lock.")


class Part(NamedTuple):
    """One name: in its own script ("" if that is Latin), and its spellings in Latin letters, the commonest first."""

    native: str
    spellings: tuple[str, ...]

    def spelled(self, chance: random.Random) -> str:
        """Return a spelling; the first two times in three."""
        if len(self.spellings) == 1 or chance.random() < 0.67:
            return self.spellings[0]
        return self.spellings[int(chance.random() * len(self.spellings))]


class Pool:
    """Names with their frequencies."""

    def __init__(self, weighted: Iterable[tuple[Part, float]]) -> None:
        listed = list(weighted)
        self.parts = [part for part, _weight in listed]
        self._bounds = list(accumulate(weight for _part, weight in listed))

    def draw(self, chance: random.Random) -> Part:
        """Return one name, frequent ones more often."""
        return self.parts[bisect(self._bounds, chance.random() * self._bounds[-1], 0, len(self.parts) - 1)]


class Naming(NamedTuple):
    """The names of one country: given names by sex, family names, places of birth."""

    male: Pool
    female: Pool
    family: Pool
    places: Sequence[str]

    def given(self, sex: str) -> Pool:
        """Return the pool of a sex, F or M."""
        return self.female if sex == "F" else self.male


# Country of origin: where its given names come from, where its family names do, and towns that people come from.
_ARABIC = {"SYR": "SY", "SDN": "SD", "IRQ": "IQ", "SOM": "SO", "PSE": "PS", "YEM": "YE", "LBY": "LY", "ERI": "SD", "ESH": "MA",
           "MMR": "PK", "MLI": "MR"}  # fmt: skip
_PERSIAN = {"AFG": "AF", "IRN": "IR"}
_FAKER = {
    "UKR": "uk_UA", "VEN": "es_CO", "COL": "es_CO", "MEX": "es_MX", "NIC": "es_MX", "HND": "es_MX", "GTM": "es_MX", "SLV": "es_MX",
    "HTI": "fr_FR", "CAF": "fr_FR", "COD": "fr_FR", "BDI": "fr_FR", "RWA": "fr_FR", "NGA": "ha_NG", "BFA": "fr_FR",
    "SSD": "en_KE",
}  # fmt: skip
_FAMILIES = {
    "COD": "Kabila Ilunga Mukendi Kalala Mutombo Kasongo Ngoy Mbuyi Kabongo Mwamba Kalonji Ntumba Kabeya Banza Amisi Bahati"
    " Bisimwa Birindwa Bagalwa Muhindo Kambale Paluku Kakule Katembo Mumbere Masika Kavira Kahindo Kasereka Mbusa Mugisho",
    "BDI": "Ndayishimiye Niyonzima Hakizimana Nshimirimana Bizimana Ndikumana Nduwimana Manirakiza Nahimana Nzeyimana Bigirimana",
    "RWA": "Habimana Uwimana Mukamana Mugabo Uwase Nsengiyumva Habyarimana Ndayambaje Hategekimana Munyaneza Uwera Kagabo",
    "CAF": "Ngaissona Yakete Zoungbe Mbemba Gbaya Namsene Ndotar Yangongo Kossi Bangui Sambo Nzapa Wanguia Doté Ouefio Mandaba",
    "BFA": "Ouédraogo Sawadogo Kaboré Zongo Compaoré Tapsoba Nikiéma Ilboudo Kafando Zoungrana Barry Diallo Sankara Yaméogo",
    "SSD": "Deng Garang Majok Akol Malual Bol Machar Gatluak Riek Lual Chol Ayuen Makuei Duop Kuol Wani Lado Modi Taban Ladu",
    "HTI": "Jean Pierre Joseph Charles Louis Baptiste François Désir Augustin Noël Étienne Dorval Saint-Fleur Toussaint",
}
_PLACES = {
    "SYR": "Aleppo|Homs|Idlib|Hama|Daraa|Raqqa|Damascus", "SDN": "El Geneina|Nyala|El Fasher|Khartoum|Zalingei|Omdurman|Kutum",
    "AFG": "Herat|Kabul|Kunduz|Kandahar|Ghazni|Bamyan", "UKR": "Kharkiv|Mariupol|Kherson|Kyiv|Dnipro|Odesa",
    "IRQ": "Mosul|Sinjar|Baghdad",
    "SSD": "Juba|Malakal|Bentiu|Bor|Wau|Yei", "COD": "Goma|Bukavu|Beni|Uvira|Bunia", "SOM": "Baidoa|Kismayo|Mogadishu|Beledweyne",
    "VEN": "Caracas|Maracaibo|Valencia|Barquisimeto", "CAF": "Birao|Bouar|Bambari|Bangui", "MMR": "Maungdaw|Buthidaung|Rathedaung",
}  # fmt: skip
_ENDING_LIKE_WOMEN = (
    "طلحه حمزه اسامه معاويه عبيده خليفه سلامه عطيه جمعه حذيفه عرفه قتيبه عبده طه ربيعه نعمه عقبه بشاره"
)
_MASCULINE = frozenset(_ENDING_LIKE_WOMEN.split())
# Romanisation of Ukrainian: resolution 55 of the Cabinet of Ministers, 2010; and the habit of Russian documents.
_CYRILLIC = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’'"
_LATIN = "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch _ iu ia _ _"
_UKRAINIAN = dict(zip(_CYRILLIC, _LATIN.split(), strict=True))
_AT_START = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_RUSSIAN = {"г": "g", "и": "i", "є": "e", "ю": "yu", "я": "ya", "й": "y"}


@cache
def naming(origin: str) -> Naming:
    """Return the names of people of one country (ISO 3166-1 alpha-3); of an unknown one, Arabic names. Raises NamesMissing."""
    places = _PLACES.get(origin, "").split("|") if origin in _PLACES else [""]
    if origin in _FAKER:
        return Naming(*_from_faker(_FAKER[origin], _FAMILIES.get(origin, "").split()), places)
    return Naming(
        *_attested(_PERSIAN.get(origin) or _ARABIC.get(origin, "SY"), persian=origin in _PERSIAN), places
    )


def _faker(locale: str) -> type:
    try:
        return import_module(f"faker.providers.person.{locale}").Provider  # type: ignore[no-any-return]
    except ImportError as error:
        raise NamesMissing from error


def _zipf(parts: Sequence[Part], steepness: float = 0.6) -> Pool:
    return Pool((part, (place + 3) ** -steepness) for place, part in enumerate(parts))


def _from_faker(locale: str, families: Sequence[str]) -> tuple[Pool, Pool, Pool]:
    provider = _faker(locale)

    def pool(names: Iterable[str]) -> Pool:
        return _zipf([_part(name, locale) for name in dict.fromkeys(names)])

    family: Sequence[str] = families or list(getattr(provider, "last_names_male", ()) or provider.last_names)  # type: ignore[attr-defined]
    return pool(provider.first_names_male), pool(provider.first_names_female), pool(family)  # type: ignore[attr-defined]


def _part(name: str, locale: str) -> Part:
    if locale == "uk_UA":
        return Part(name, tuple(dict.fromkeys((_romanised(name, {}), _romanised(name, _RUSSIAN)))))
    plain = name.translate(str.maketrans("áéíóúñüÉïëâêôçè", "aeiounuEieaeoce"))
    return Part("", (name,) if plain == name else (name, plain))


def _romanised(name: str, habit: Mapping[str, str]) -> str:
    letters = []
    for place, letter in enumerate(name.lower()):
        start = _AT_START.get(letter) if place == 0 and not habit else None
        letters.append(start or habit.get(letter) or _UKRAINIAN.get(letter, letter))
    return "".join(letters).replace("_", "").capitalize()


@cache
def _units() -> dict[tuple[str, str], dict[str, Counter[str]]]:
    """Return {(country, role): {name in Arabic script: {spelling: how often}}} as attested."""
    package = find_spec("arabic_name_romanizer")
    if package is None or package.origin is None:
        raise NamesMissing
    found: dict[tuple[str, str], dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    uri = (Path(package.origin).parent / "resources/names.sqlite3").as_uri() + "?mode=ro&immutable=1"
    with sqlite3.connect(uri, uri=True) as database:
        rows = database.execute(
            "SELECT arabic_key, latin, country, role, sum(count) FROM units GROUP BY 1, 2, 3, 4 ORDER BY 1, 5 DESC, 2"
        )
        for key, latin, country, role, count in rows:
            if 2 < len(key) < 25 and latin.replace(" ", "").replace("-", "").replace("'", "").isalpha():
                found[country, role][key][latin[0].upper() + latin[1:]] += count
    database.close()
    return found


@cache
def _women() -> frozenset[str]:
    lists = [_faker(locale) for locale in ("ar_AA", "ar_DZ", "fa_IR")]
    women = {name for one in lists for name in one.first_names_female}  # type: ignore[attr-defined]
    return frozenset(women - {name for one in lists for name in one.first_names_male})  # type: ignore[attr-defined]


def _is_woman(key: str) -> bool:
    ends = key.endswith(("ه", "اء", "ة")) and " " not in key
    return key in _women() or (ends and key not in _MASCULINE and not key.endswith("الله"))


def _attested(country: str, *, persian: bool) -> tuple[Pool, Pool, Pool]:
    given = {"M": Counter[Part](), "F": Counter[Part]()}
    for source, weight in (
        (country, 1.0),
        ("IR" if persian else "EG", 0.03),
    ):  # few women are on record in some countries
        for key, spellings in _units()[source, "given"].items():
            if sum(spellings.values()) > 1 and not key.startswith(("ال", "ابو ", "ام ", "بن ")):
                sex = "F" if _is_woman(key) else "M"
                given[sex][_in_script(key, spellings, sex, persian=persian)] += (
                    sum(spellings.values()) ** 0.85 * weight
                )
    family = [
        (_in_script(key, spellings, "M", persian=persian), sum(spellings.values()) ** 0.7)
        for key, spellings in _units()[country, "surname"].items()
    ]
    return Pool(given["M"].items()), Pool(given["F"].items()), Pool(family)


def _in_script(key: str, spellings: Counter[str], sex: str, *, persian: bool) -> Part:
    native = key[:-1] + "ة" if sex == "F" and key.endswith("ه") and not persian else key
    if persian:
        native = native.replace("ي", "ی").replace("ك", "ک")
    return Part(native, tuple(spelling for spelling, _count in spellings.most_common(5)))
