"""Are these two names, in any spelling and script, the same name?

A name takes three forms: Latin letters (letter tables for Arabic script and Cyrillic, else anyascii), its *fold* (one spelling
of what clerks write in several ways, vowels in three classes) and its *skeleton* (consonant classes only, for keys). The rules
follow how Arabic, Persian, Ukrainian and Ethiopian names are romanised in English, French and German. Measured on attested
pairs: docs/decisions says how.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from anyascii import anyascii
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import ratio

# Capitals stand for one sound that Latin writes with two letters: S sh, C ch, X kh, G gh, T th, D dh, J zh. H is a real h: it
# makes no "sh" with the s before it. Z and V: the emphatic z and d.
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
}  # fmt: skip
_LETTERS = str.maketrans(_ARABIC | _CYRILLIC)
_SOUNDS = "SCXGTDJZVH"

# Tashkeel and recitation marks, joiners, direction controls, soft hyphen, apostrophes: spelling, never identity.
_SILENT = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "'`\u00b4\u02b0-\u02ff\u2018\u2019]"
)
_BREAK = re.compile(r'[\s\-\u2010-\u2015_,.;:/\\()\[\]{}<>"«»“”،؛۔·•|*+=~&!?@#%^]+')

_ARTICLES = frozenset("al el ul il ol ال".split())
_SUN_ARTICLES = frozenset("ash as esh es an en ad ed ar er at et az ez ur us ud ush".split())  # before their own letter
_KINSHIP = frozenset("bin ibn bint bn ould oulad wuld بن ابن بنت ولد".split())
_PREFIXES = frozenset("abd abdul abdel abdal abdol abdur abu abou abo aba bou umm عبد ابو أبو ام أم".split())
_SUFFIXES = frozenset("din deen dine ddin uddin eddin eddine addin ullah allah ollah الدين الله الدین".split())
_ARABIC_ARTICLE = re.compile("^ال(?=..)(?!كس|کس|ياس|یاس|يزا|ينا|بير|فرد)")  # not Alexander, Elias, Elisa, Elena, Albert
_ARABIC_ENDING = re.compile("(?<=..)[هةۀ]$")
_LATIN_ARTICLE = re.compile(r"^(?:al|el|ul)(?=[^aeiouy].|a..)|^a(?=(sh|[tdrzns])\1)")
_SERVANT = re.compile("^abd[aeiou]*l(?=[aeiou]*(?:[^aeioulhH]|[hH][aeiou]))")

_FOLDS = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (f"[^a-z{_SOUNDS}]+", ""),
        ("schtsch|shtch|chtch|shch|sch|sh", "S"),
        ("tsch|tch|tsh|ch", "C"),
        ("dsch|dzh|zh|dj|dg(?=e)", "J"),
        ("kh", "X"),
        ("gh", "G"),
        ("th", "T"),
        ("dh", "D"),
        ("ph", "f"),
        ("H", "h"),
        ("ck|cq|qu(?=[ei])|q", "k"),
        ("c(?=[eiy])", "s"),
        ("c", "k"),
        ("gu(?=[ei])", "g"),
        ("x", "ks"),
        ("tz|ts", "s"),
        ("^ou(?=[aei])|^v", "w"),
        ("(?<=.)w", "u"),
        ("[ou]+", "u"),
        ("[eiy]+", "i"),
        (r"(.)\1+", r"\1"),
        ("(?<=[aiu])h$", ""),
    )
)
_SPELLED = str.maketrans({"S": "sh", "C": "ch", "X": "kh", "G": "gh", "T": "th", "D": "dh", "J": "zh", "Z": "z", "V": "d"})
# Classes of the skeleton: d with z (Ramadan, Ramazan; Fadel, Fazel), g with k (Qasim, Gasim, Ghasem), p with b, sh with ch.
_CLASSES = str.maketrans("SCXGgJTDZzVp", "ccxkkjtddddb")
_VOWELS = re.compile("[aiu]|(?<=.)[vw]")  # v and w after the first letter: Javad, Jawad; -ov, -ova
_ENDING = re.compile("(?<=.)h$")
_DOUBLED = re.compile(r"(.)\1+")

Form = tuple[str, str]


@lru_cache(maxsize=1 << 17)
def _form(token: str) -> Form:
    """Fold and skeleton of one token in Latin letters and sound capitals."""
    text = token
    for pattern, into in _FOLDS:
        text = pattern.sub(into, text)
    bones = _DOUBLED.sub(r"\1", _ENDING.sub("", _VOWELS.sub("", text)).translate(_CLASSES))
    return text.translate(_SPELLED), bones or text[:1].lower()


@lru_cache(maxsize=1 << 17)
def _latin(part: str) -> str:
    """One lower-case part of a name in Latin letters and sound capitals, without article and silent endings."""
    if "\u0600" <= part[0] <= "\u06ff":
        part = _ARABIC_ENDING.sub("", _ARABIC_ARTICLE.sub("", part))
    if not part.isascii():
        part = "".join(c if c in _SOUNDS else anyascii(c).lower() for c in part.translate(_LETTERS))
    return _LATIN_ARTICLE.sub("", part)


@lru_cache(maxsize=1 << 16)
def _forms(name: str) -> tuple[Form, ...]:
    """The form of each part of a name: articles and "son of" dropped, Abd, Abu, -din and -ullah joined to their name."""
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
    return tuple(form[1] for form in _forms(name))


def fold(name: str) -> str:
    """The name in lower-case Latin letters: its parts separated by one space, one spelling for what is written in several
    ways. Empty when the text holds no letter."""
    return " ".join(form[0] for form in _forms(name))


def skeletons(name: str) -> list[str]:
    """The consonant skeleton of each part of the fold, in order: equal for most spellings of one name in any script."""
    return list(_bones(name))


@lru_cache(maxsize=1 << 17)
def _alike(a: Form, b: Form) -> float:
    """0..1 for two parts: equal skeletons weigh most, vowels decide among them."""
    if a == b:
        return 1.0
    close = JaroWinkler.similarity(a[0], b[0])
    if a[1] == b[1]:
        return 0.8 + 0.2 * close if len(a[1]) > 1 else 0.5 + 0.45 * close
    return max(0.45 * close + 0.0045 * ratio(a[1], b[1]), 0.81 * close)


def similarity(a: str, b: str) -> float:
    """How alike two names are, 0..1, whatever the order of their parts and the script. A part that one of them lacks costs
    little: people give two names here and four there."""
    left, right = _forms(a), _forms(b)
    if not left or not right:
        return 0.0
    if len(left) > len(right):
        left, right = right, left
    free = list(right)
    total = 0.0
    for part in left:
        scores = [_alike(part, other) for other in free]
        best = max(scores)
        total += best
        del free[scores.index(best)]
    result = total / len(left) * (1 - 0.03 * len(free))
    if free and result < 0.95:  # Mohammad Ali, Mohammadali
        result = max(result, 0.0095 * ratio("".join(f for f, _ in left), "".join(f for f, _ in right)))
    return result
