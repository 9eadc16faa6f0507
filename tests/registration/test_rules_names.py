"""Is a name found again in another spelling, order and script?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.rules.keys import Person, keys_of, search_keys
from registration.rules.names import fold, similarity, skeletons

SAME_NAME = [
    ("محمد", ["Mohamed", "Muhammad", "Mohammad", "Mohammed", "MOHAMMAD", "Mouhamed", "محمّد", "محمـد"]),
    ("أحمد", ["Ahmed", "Ahmad", "احمد"]),
    ("خديجة", ["Khadija", "Khadijah", "Khadidja", "خديجه", "Khadeeja"]),
    (
        "عبد الرحمن",
        ["Abdul Rahman", "Abdurrahman", "Abdelrahman", "Abd al-Rahman", "عبدالرحمن", "Abdirahman"],
    ),
    ("عبد الله", ["Abdullah", "Abdallah", "Abd Allah", "عبدالله", "Abdellah"]),
    ("صلاح الدين", ["Salah al-Din", "Salaheddin", "Salahuddin", "Salah Eddine", "صلاح‌الدین"]),
    ("الشريف", ["Al-Sharif", "Ash-Sharif", "Alsharif", "El Cherif", "Sharif", "شریف"]),
    ("قاسم", ["Qasim", "Kassem", "Gasim", "Ghasem", "Kacem", "Qāsim"]),
    ("رمضان", ["Ramadan", "Ramazan", "Ramadhan", "Ramazon"]),
    ("فاطمة", ["Fatima", "Fatemeh", "Fatma", "Fatimah", "فاطمه"]),
    ("یوسف", ["Yusuf", "Youssef", "Yousef", "Iusuf", "يوسف"]),
    ("رشيد", ["Rachid", "Rashid", "Rasheed", "Raschid"]),
    ("أبو الهيجا", ["Abu al-Hayja", "Abou Alhaija", "ابو الهیجا"]),
    ("Щербак", ["Shcherbak", "Schtscherbak", "Chtcherbak"]),
    ("Михайло", ["Mykhailo", "Mykhaylo", "Mikhailo"]),
    ("Шевченко", ["Shevchenko", "Schewtschenko", "Chevtchenko"]),
    ("Євген", ["Yevhen", "Ievhen"]),
    ("ገብረ", ["Gebre", "Ghebre", "Gabra"]),
    ("José Núñez", ["JOSE NUNEZ", "Jose\u0301 Nun\u0303ez"]),
]


@pytest.mark.parametrize(("name", "spellings"), SAME_NAME)
def test_spellings_of_one_name_share_their_skeletons(name: str, spellings: list[str]) -> None:
    for spelling in spellings:
        assert skeletons(spelling) == skeletons(name), spelling
        assert set(search_keys(spelling)) & set(search_keys(name))
        assert similarity(spelling, name) > 0.8


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ali Hassan", "Omar Saleh"), ("Khaled", "Mahmoud"), ("Fatima", "Amina"), ("Олена", "Ірина")],
)
def test_different_names_stay_apart(one: str, other: str) -> None:
    assert similarity(one, other) < 0.8


@pytest.mark.parametrize(
    ("name", "spelling", "twin"),
    [
        ("Hassan", "Hasan", "Hussein"),
        ("Mohamed", "Mohammad", "Mahmoud"),
        ("Ahmed", "Ahmad", "Hamid"),
        ("محمود", "Mahmoud", "Mohamed"),
    ],
)
def test_vowels_decide_between_names_of_one_skeleton(name: str, spelling: str, twin: str) -> None:
    assert skeletons(name) == skeletons(twin)
    assert similarity(name, spelling) > similarity(name, twin)


def test_order_kinship_words_and_marks_do_not_count() -> None:
    assert similarity("Hassan Ali", "علی حسن") > 0.9
    assert fold("Yusuf bin Ali") == fold("Yusuf Ali") == fold("\u202eYusuf\u202c \u200eAli\ufeff")
    assert skeletons("Mohammed Ould Ahmed") == skeletons("Mohammed Ahmed")
    assert similarity("Mohammad Ali Hosseini", "Mohammadali Hosseini") > 0.8
    assert similarity("Ahmad", "") == 0.0
    assert fold("Al") == "al"


@given(st.text(max_size=80))
def test_any_text_has_a_fold(text: str) -> None:
    folded = fold(text)
    assert folded.isascii()
    assert folded == folded.lower().strip()
    assert len(skeletons(text)) == len(folded.split())
    assert 0.0 <= similarity(text, "Ali Hassan") <= 1.0
    assert all(-(1 << 63) <= key < 1 << 63 for key in search_keys(text))


@given(st.text(max_size=40), st.text(max_size=40))
def test_similarity_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert 0.0 <= similarity(a, b) <= 1.0
    if fold(a):
        assert similarity(a, a) > 0.99


@pytest.mark.parametrize("name", [spelling for name, others in SAME_NAME for spelling in [name, *others]])
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


PERSON = Person(
    given_name="Khaled",
    father_name="Mahmoud",
    family_name="Al-Sayed",
    native_name="خالد محمود السيد",
    birth_date=date(1990, 5, 24),
    phones=("962791234567",),
    documents=("N 366-94894",),
    document_types=("PASSPORT",),
)
SECRET = b"0123456789abcdef"


def test_few_keys_are_stored() -> None:
    stored = keys_of(PERSON, secret=SECRET).stored
    assert stored == sorted(set(stored))
    assert len(stored) <= 14
    assert set(search_keys("خالد")) <= set(stored)
    assert set(keys_of(PERSON, secret=SECRET).match) <= set(stored)


@pytest.mark.parametrize(
    "again",
    [
        PERSON._replace(given_name="Khalid", native_name="", phones=(), documents=()),
        PERSON._replace(given_name="", father_name="", family_name="", phones=(), documents=()),
        PERSON._replace(father_name="", native_name="", birth_date=date(1991, 1, 1), phones=(), documents=()),
        PERSON._replace(given_name="Alsayed", family_name="Khalid", native_name="", phones=(), documents=()),
        PERSON._replace(birth_date=None, native_name="", phones=(), documents=()),
        Person(given_name="Omar", phones=("0791234567",)),
        Person(given_name="Omar", documents=("n36694894",), document_types=("PASSPORT",)),
    ],
)
def test_a_person_is_found_again(again: Person) -> None:
    assert set(keys_of(again, secret=SECRET).probe) & set(keys_of(PERSON, secret=SECRET).match)


def test_a_stranger_is_not() -> None:
    stranger = Person("Olena", "", "Shevchenko", birth_date=date(1990, 5, 24), phones=("380441234567",))
    assert not set(keys_of(stranger, secret=SECRET).probe) & set(keys_of(PERSON, secret=SECRET).stored)


def test_a_person_without_the_own_name_is_found_by_what_stands_beside_it() -> None:
    born = date(1990, 5, 24)
    whole = Person(
        "Khaled",
        "",
        "Al-Sayed",
        "",
        "Mona Selim",
        "M",
        born,
        birth_place="Raqqa",
        documents=("N1234567",),
    )
    nobody = Person(mother_name="MonaSelim", birth_date=born, birth_place="Raqqa")
    slipped = Person("Olena", mother_name="Mona Selim", documents=("N1234576",))
    for again in (nobody, nobody._replace(birth_date=None), nobody._replace(mother_name=""), slipped):
        assert set(keys_of(again, secret=SECRET).probe) & set(keys_of(whole, secret=SECRET).match)
    another = keys_of(slipped._replace(mother_name="Rana"), secret=SECRET)
    assert not set(another.probe) & set(keys_of(whole, secret=SECRET).match)


def test_numbers_are_hashed_with_the_secret_and_names_are_not() -> None:
    other = set(keys_of(PERSON, secret=b"another").match)
    assert len(other & set(keys_of(PERSON, secret=SECRET).match)) == len(other) - 4


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.text(max_size=30),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_any_person_has_keys(given_name: str, father: str, native: str, phone: str, number: str) -> None:
    person = Person(
        given_name,
        father,
        native_name=native,
        birth_date=date(2001, 2, 3),
        phones=(phone,),
        documents=(number,),
        document_types=("OTHER",),
    )
    stored = set(keys_of(person, secret=SECRET).stored)
    assert (
        set(keys_of(person, secret=SECRET).match) <= stored & set(keys_of(person, secret=SECRET).probe)
        or not stored
    )
