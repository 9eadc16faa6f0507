"""Can a sealed value be read only with its key, at its place, and as it was written?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refugeecm.core import crypto

PLACE = "registration_individual.phone|1"


@given(st.binary(max_size=200))
def test_what_is_sealed_opens(plain):
    key = crypto.new_key()
    sealed = crypto.seal(plain, key=key, place=PLACE)
    assert crypto.unseal(sealed, key=key, place=PLACE) == plain
    assert len(plain) < 5 or plain not in sealed


def test_the_same_twice_looks_different():
    key = crypto.new_key()
    assert crypto.seal(b"a", key=key, place=PLACE) != crypto.seal(b"a", key=key, place=PLACE)


def test_a_value_moved_to_another_row_is_refused():
    key = crypto.new_key()
    sealed = crypto.seal(b"+235 66 12 34 56", key=key, place=PLACE)
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(sealed, key=key, place="registration_individual.phone|2")


def test_another_key_is_refused():
    sealed = crypto.seal(b"a", key=crypto.new_key(), place=PLACE)
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(sealed, key=crypto.new_key(), place=PLACE)


@given(st.integers(0, 60), st.integers(1, 255))
def test_an_altered_value_is_refused(place, flip):
    key = crypto.new_key()
    sealed = bytearray(crypto.seal(b"A" * 40, key=key, place=PLACE))
    if place == 1:
        return  # the number of the key-encryption key: a hint, which only chooses the key that is tried
    sealed[place] ^= flip
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(bytes(sealed), key=key, place=PLACE)


@pytest.mark.parametrize(
    "sealed", [b"", b"\x01", b"\x09" + b"0" * 60, b"plain text that was never sealed at all"]
)
def test_what_was_never_sealed_is_refused(sealed):
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(sealed, key=crypto.new_key(), place=PLACE)


def test_keys_rotate_by_number(settings):
    old, new = crypto.new_key(), crypto.new_key()
    agency_key = crypto.new_key()
    settings.KEY_ENCRYPTION_KEYS = {"1": old}
    wrapped = crypto.wrap_with_master(agency_key, place="agency|1")
    settings.KEY_ENCRYPTION_KEYS = {"2": new, "1": old}  # the first is used for new values
    assert crypto.unwrap_with_master(wrapped, place="agency|1") == agency_key
    again = crypto.wrap_with_master(agency_key, place="agency|1")
    assert (wrapped[1], again[1]) == (1, 2)
    settings.KEY_ENCRYPTION_KEYS = {"2": new}
    assert crypto.unwrap_with_master(again, place="agency|1") == agency_key
    with pytest.raises(crypto.Unreadable, match="key 1 is not configured"):
        crypto.unwrap_with_master(wrapped, place="agency|1")


def test_blind_indexes_find_equal_values_of_one_purpose_only():
    assert crypto.blind("document", "P01") == crypto.blind("document", "P01")
    assert crypto.blind("document", "P01") != crypto.blind("document", "P02")
    assert crypto.blind("document", "P01") != crypto.blind("phone", "P01")
