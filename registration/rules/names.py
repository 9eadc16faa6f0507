"""Are these two names, in any spelling and script, the same name?

A name takes three forms: Latin letters (letter tables for Arabic script and Cyrillic, else anyascii), its
*fold* (one spelling of what clerks write in several ways, vowels in three classes) and its *skeleton*
(consonant classes only, for keys). The rules follow how Arabic, Persian, Ukrainian and Ethiopian names are
romanised in English, French and German.
"""

# ruff: noqa: SIM905 - word lists read better as one text

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from anyascii import anyascii
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import ratio

# Of the rules below and of the keys made by them (rules.keys). Who changes what they give, counts on: what stands beside people is
# then made anew in the background (actions.normalising).
VERSION = 3

# Capitals stand for one sound that Latin writes with two letters: S sh, C ch, X kh, G gh, T th, D dh, J zh. H
# is a real h: it makes no "sh" with the s before it. Z and V: the emphatic z and d.
_ARABIC = {
    **dict.fromkeys("اأإآٱع", "a"), **dict.fromkeys("ءٔـةۃ", ""), "ئ": "y", "ؤ": "w", "ى": "y",
    **dict.fromkeys("بپ", "b"), **dict.fromkeys("تٹټط", "t"), "ث": "T", "ج": "j", "چ": "C", "ځ": "z", "څ": "s",
    **dict.fromkeys("حهھہۀەۂ", "H"), "خ": "X", **dict.fromkeys("دڈډ", "d"), "ذ": "D", **dict.fromkeys("رڑړ", "r"),
    "ز": "z", **dict.fromkeys("ژږ", "J"), **dict.fromkeys("سص", "s"), **dict.fromkeys("شښ", "S"), "ض": "V", "ظ": "Z",
    "غ": "G", "ف": "f", **dict.fromkeys("ڤۋ", "v"), "ق": "q", **dict.fromkeys("كکڪ", "k"), **dict.fromkeys("گګڭ", "g"),
    "ل": "l", "م": "m", **dict.fromkeys("نںڼ", "n"), **dict.fromkeys("وۆۇ", "w"), **dict.fromkeys("يیېۍےێ", "y"),
}  # fmt: skip
_CYRILLIC = {
    **dict(zip("абвгґдезийіїклмнопрстуфыэў", "abvhgdezyiiiklmnoprstufyeu", strict=True)), "є": "ye", "ё": "yo",
    "ж": "J", "х": "X", "ц": "ts", "ч": "C", "ш": "S", "щ": "S", "ю": "yu", "я": "ya", "ь": "", "ъ": "",
    "ç": "s",  # François, Fayçal
}  # fmt: skip
_LETTERS = str.maketrans(_ARABIC | _CYRILLIC)
_SOUNDS = "SCXGTDJZVH"

# Tashkeel and recitation marks, joiners, direction controls, soft hyphen, apostrophes: spelling, never
# identity.
_SILENT = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "'`\u00b4\u02b0-\u02ff\u2018\u2019]"
)
_BREAK = re.compile(r'[\s\-\u2010-\u2015_,.;:/\\()\[\]{}<>"«»“”،؛۔·•|*+=~&!?@#%^]+')

_ARTICLES = frozenset("al el ul il ol ال".split())
_SUN_ARTICLES = frozenset(
    "ash as esh es an en ad ed ar er at et az ez ur us ud ush".split()
)  # before their own letter
_KINSHIP = frozenset("bin ibn bint bn ould oulad wuld بن ابن بنت ولد".split())
_PREFIXES = frozenset("abd abdul abdel abdal abdol abdur abu abou abo aba bou umm عبد ابو أبو ام أم".split())
_SUFFIXES = frozenset(
    "din deen dine ddin uddin eddin eddine addin ullah allah ollah الدين الله الدین".split()
)
_ARABIC_ARTICLE = re.compile(
    "^ال(?=..)(?!كس|کس|ياس|یاس|يزا|ينا|بير|فرد)"
)  # not Alexander, Elias, Elisa, Elena, Albert
_ARABIC_ENDING = re.compile("(?<=..)[هةۀ]$")
_ARABIC_ACTION = re.compile("(?<=..)اة$")  # Najat, Hayat: after a long a the ending is heard
_ARABIC_FAITH = re.compile("(?<=..)ال(?=د[يی]ن$)")
_LATIN_ARTICLE = re.compile(r"^(?:al|el|ul)(?=[^aeiouy].|a..)|^a(?=(sh|[tdrzns])\1)")
_SERVANT = re.compile("^abd[aeiou]*l(?=[aeiou]*(?:[^aeioulhH]|[hH][aeiou]))")

# Letter groups, longest first, as English, French and German clerks write a sound. "c" and "gu" also look
# ahead.
_GROUPS = {
    **dict.fromkeys(("schtsch", "shtch", "chtch", "shch", "sch", "sh"), "S"), **dict.fromkeys(("tsch", "tch", "tsh", "ch"), "C"),
    **dict.fromkeys(("dsch", "dzh", "zh", "dj"), "J"), "kh": "X", "gh": "G", "th": "T", "dh": "D", "ph": "f", "ck": "k",
    "cq": "k", "q": "k", "x": "ks", "tz": "s", "ts": "s",
}  # fmt: skip
_GROUP = re.compile("|".join(["qu(?=[ei])", "gu(?=[ei])", "dg(?=e)", *_GROUPS, "c"]))
_BEFORE_E = {"qu": "k", "gu": "g", "dg": "J"}
_OTHER = re.compile(f"[^a-z{_SOUNDS}]+")
_DOUBLED = re.compile(r"(.)\1+")
_VOWEL_CLASSES = str.maketrans("owyeH", "uuiih")
_SPELLED = str.maketrans(
    {"S": "sh", "C": "ch", "X": "kh", "G": "gh", "T": "th", "D": "dh", "J": "zh", "Z": "z", "V": "d"}
)
# Classes of the skeleton: d with z (Ramadan, Ramazan; Fadel, Fazel), g with k (Qasim, Gasim, Ghasem), p with
# b, sh with ch; v and w count at the start only (Javad, Jawad; -ov, -ova).
_FIRST_CLASS = str.maketrans("SCXGgJTDZzVp", "ccxkkjtddddb", "aiu")
_CLASS = _FIRST_CLASS | str.maketrans("", "", "vw")

Form = tuple[str, str]


def _group(found: re.Match[str]) -> str:
    group = found[0]
    if group == "c":
        return "s" if found.string[found.end() : found.end() + 1] in ("e", "i", "y") else "k"
    return _GROUPS.get(group) or _BEFORE_E[group]


@lru_cache(maxsize=1 << 17)
def _form(token: str) -> Form:
    """Fold and skeleton of one token in Latin letters and sound capitals."""
    text = _GROUP.sub(_group, token if token.isascii() and token.isalpha() else _OTHER.sub("", token))
    if text[:2] == "ou" and text[2:3] in ("a", "e", "i"):
        text = "w" + text[2:]
    if text[:1] in ("v", "w"):
        text = "w" + text[1:].translate(_VOWEL_CLASSES)
    else:
        text = text.translate(_VOWEL_CLASSES)
    text = _DOUBLED.sub(r"\1", text)
    if text[-1:] == "h" and text[-2:-1] in ("a", "i", "u"):
        text = text[:-1]
    bones = text[:1].translate(_FIRST_CLASS) + text[1:].translate(_CLASS)
    if len(bones) > 1:
        bones = _DOUBLED.sub(r"\1", bones.removesuffix("h"))
    return text.translate(_SPELLED), bones or text[:1].lower()


@lru_cache(maxsize=1 << 17)
def _latin(part: str) -> str:
    """One lower-case part of a name in Latin letters and sound capitals, without article and silent endings."""
    if "\u0600" <= part[0] <= "\u06ff":
        part = _ARABIC_ENDING.sub(
            "", _ARABIC_ACTION.sub("ات", _ARABIC_FAITH.sub("", _ARABIC_ARTICLE.sub("", part)))
        )
    if not part.isascii():
        part = part.translate(_LETTERS)
    if not part.isascii():
        part = "".join(c if c in _SOUNDS else anyascii(c).lower() for c in part)
    return _LATIN_ARTICLE.sub("", part)


@lru_cache(maxsize=1 << 17)
def forms(name: str) -> tuple[Form, ...]:
    """The fold and the skeleton of each part of a name: articles and "son of" dropped, Abd, Abu, -din and -ullah joined to
    their name."""
    text = name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).lower()
    text = _SILENT.sub("", text)
    parts = [p for p in _BREAK.split(text) if p]
    tokens: list[str] = []
    prefix = ""
    for part, after in pairwise([*parts, ""]):
        if part in _ARTICLES or part in _KINSHIP or (part == "ben" and tokens and after):
            continue
        if part in _SUN_ARTICLES and after.startswith(part[1:]):
            continue
        if part in _SUFFIXES and tokens and not prefix:
            tokens[-1] += _latin(part)
        elif part in _PREFIXES and after:
            prefix += _latin(part)
        else:
            tokens.append(prefix + _latin(part))
            prefix = ""
    if prefix:
        tokens.append(prefix)
    forms = [_form(_SERVANT.sub("abd", token)) for token in tokens or map(_latin, parts)]
    return tuple(form for form in forms if form[0])


@lru_cache(maxsize=1 << 16)
def _bones(name: str) -> tuple[str, ...]:
    return tuple(form[1] for form in forms(name))


def fold(name: str) -> str:
    """The name in lower-case Latin letters: its parts separated by one space, one spelling for what is
    written in several ways. Empty when the text holds no letter."""
    return " ".join(form[0] for form in forms(name))


def folded(latin: str, native: str) -> str:
    """What is kept beside a person to be searched for what is almost their name: the fold of the name in Latin letters, and that of
    the one on the document where it is another."""
    return " ".join(dict.fromkeys(one for one in (fold(latin), fold(native)) if one))


def skeletons(name: str) -> list[str]:
    """The consonant skeleton of each part of the fold, in order: equal for most spellings of one name in any
    script."""
    return list(_bones(name))


@lru_cache(maxsize=1 << 17)
def alike(a: Form, b: Form) -> float:
    """0..1 for two parts: equal skeletons weigh most, vowels decide among them (Hassan and Hussein may be twins): o and u
    against the others more than e against a or i. An initial agrees with its name."""
    if a == b:
        return 1.0
    if min(len(a[0]), len(b[0])) == 1:
        return 0.85 if a[0][0] == b[0][0] else 0.3
    if a[1] == b[1]:
        rounded = ratio(a[0].replace("i", "a"), b[0].replace("i", "a"))
        result = 0.6 + 0.0025 * rounded + 0.0015 * ratio(a[0], b[0])
        return result - 0.1 if (a[0][0] in "aiu") != (b[0][0] in "aiu") else result
    close = JaroWinkler.similarity(a[0], b[0])
    return max(0.45 * close + 0.0045 * ratio(a[1], b[1]), 0.81 * close)


def agreements(a: str, b: str) -> list[float]:
    """For each part of the name with fewer parts: how well the best free part of the other agrees, 0..1.
    Empty when one of the names is."""
    left, right = forms(a), forms(b)
    if (len(left), left) > (len(right), right):  # the same answer for (a, b) and (b, a)
        left, right = right, left
    free = list(right)
    found = []
    for part in left:
        scores = [alike(part, other) for other in free]
        best = max(scores)
        found.append(best)
        del free[scores.index(best)]
    return found


def similarity(a: str, b: str) -> float:
    """How alike two names are, 0..1, whatever the order of their parts and the script. A part that one of
    them lacks costs little: people give two names here and four there."""
    found = agreements(a, b)
    if not found:
        return 0.0
    left, right = forms(a), forms(b)
    missing = abs(len(left) - len(right))
    result = sum(found) / len(found) * (1 - 0.03 * missing)
    if missing and result < 0.95:  # Mohammad Ali, Mohammadali
        result = max(result, 0.0095 * ratio("".join(f for f, _ in left), "".join(f for f, _ in right)))
    return result
