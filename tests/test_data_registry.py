"""Every data set is read through one registry, whoever ships it.

Three parts, with one meaning: validation is taken from training, test never changes.
"""

import dataclasses
import importlib
import inspect

from aebook import data
from aebook.data import DATASETS, DatasetError, Images, Table, entry, load
import numpy as np
import pytest
import sklearn.datasets
from sklearn.neighbors import NearestNeighbors

OFFLINE = [name for name, known in DATASETS.items() if not known.download]
# Photographs have no labels and no common shape: see test_data_photographs.py.
LABELLED = [name for name in OFFLINE if DATASETS[name].classes]


@pytest.fixture
def forget_what_was_read():
    entry.read_once.cache_clear()
    yield
    entry.read_once.cache_clear()


@pytest.mark.parametrize("name", LABELLED)
def test_a_loaded_set_is_what_its_entry_says(name):
    known, splits = DATASETS[name], load(name)
    assert type(splits) is known.kind
    assert len(splits.x_val) == known.validation > 0
    assert len(splits.x_train) + len(splits.x_val) == known.n_train
    assert len(splits.x_test) == known.n_test
    for part in (splits.x_train, splits.x_val, splits.x_test):
        assert part.dtype == np.float32
        assert part.shape[1:] == known.shape
    for labels in (splits.y_train, splits.y_val, splits.y_test):
        assert set(labels) == set(range(len(known.classes)))


def keys(x):
    return [hash(row.tobytes()) for row in x]


@pytest.mark.parametrize("name", LABELLED)
def test_validation_is_taken_from_training_and_test_never_changes(name):
    known = DATASETS[name]
    whole = known.load(validation=0)
    for splits in (known.load(), known.load(validation=7, seed=3)):
        together = keys(splits.x_train) + keys(splits.x_val)
        assert sorted(together) == sorted(keys(whole.x_train))
        np.testing.assert_array_equal(splits.x_test, whole.x_test)


@pytest.mark.parametrize("name", LABELLED)
def test_what_remains_for_training_keeps_its_order(name):
    rest = iter(keys(load(name, validation=0).x_train))
    assert all(key in rest for key in keys(load(name).x_train))  # each after the last


@pytest.mark.parametrize("name", LABELLED)
def test_labels_stay_with_their_samples(name):
    whole = load(name, validation=0)
    labels = {x.tobytes(): y for x, y in zip(whole.x_train, whole.y_train, strict=True)}
    splits = load(name)
    for x, y in ((splits.x_train, splits.y_train), (splits.x_val, splits.y_val)):
        assert [labels[row.tobytes()] for row in x] == y.tolist()


@pytest.mark.parametrize("name", LABELLED)
def test_what_a_caller_changes_is_changed_for_that_caller_alone(name):
    mine, before = load(name, validation=3), load(name, validation=3)
    for part in mine:
        if isinstance(part, np.ndarray):
            part[...] = 0
    for again, once in zip(load(name, validation=3), before, strict=True):
        np.testing.assert_array_equal(again, once)


@pytest.mark.parametrize("kind", [Images, Table])
def test_no_part_shares_its_memory_with_what_was_read(kind):
    x, y = np.zeros((4, 3), np.float32), np.zeros(4, np.int64)
    parts = {Images: (x, y, x, y), Table: (x, y, x, y, ("a", "b", "c"))}
    for part in kind.split(parts[kind], 1, 0):
        if isinstance(part, np.ndarray):
            assert not np.shares_memory(part, x)
            assert not np.shares_memory(part, y)


def test_loading_by_name_and_by_the_entry_are_one():
    for name in ("digits", "breast_cancer"):
        by_name = load(name, validation=20, seed=5)
        by_entry = DATASETS[name].load(20, 5)
        for one, other in zip(by_name, by_entry, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_a_loader_of_its_own_sets_aside_what_the_entry_says(name):
    parameters = inspect.signature(getattr(data, f"load_{name}")).parameters
    assert parameters["validation"].default == DATASETS[name].validation


def test_the_digits_are_those_of_scikit_learn():
    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    digits = load("digits", validation=0)
    assert isinstance(digits, Images)
    x = np.concatenate([digits.x_train, digits.x_test])
    np.testing.assert_array_equal(data.flatten(x) * 16, images)
    y = np.concatenate([digits.y_train, digits.y_test])
    np.testing.assert_array_equal(y, labels)


def test_a_digit_resembles_those_near_it_in_the_file():
    """Why the test set is the end of the file, and is not drawn."""
    x, _ = sklearn.datasets.load_digits(return_X_y=True)
    nearest = NearestNeighbors(n_neighbors=2).fit(x).kneighbors(x)[1][:, 1]
    here = np.arange(len(x))
    anywhere = abs(here[:, None] - here)
    assert abs(np.median(abs(nearest - here)) - 85) <= 2  # some are equally near
    assert round(np.median(anywhere)) == 526


def test_the_table_is_that_of_scikit_learn_with_every_fifth_row_for_test():
    bunch = sklearn.datasets.load_breast_cancer()
    table = load("breast_cancer", validation=0)
    assert isinstance(table, Table)
    np.testing.assert_array_equal(table.x_test, bunch.data[4::5].astype(np.float32))
    np.testing.assert_array_equal(table.y_test, bunch.target[4::5])
    np.testing.assert_array_equal(table.y_train[:4], bunch.target[:4])
    assert table.features == tuple(bunch.feature_names)
    assert DATASETS["breast_cancer"].classes == tuple(bunch.target_names)
    assert "features: 30 names" in repr(table)


def test_the_rows_of_the_table_are_not_in_a_random_order():
    """Why the test set is every fifth row, and not the end of the file."""
    benign = sklearn.datasets.load_breast_cancer().target
    assert round(benign[:114].mean(), 2) == 0.40
    assert round(benign[-113:].mean(), 2) == 0.77
    assert abs(benign[4::5].mean() - benign.mean()) < 0.01


SHIPPED = [(name, known) for name, known in DATASETS.items() if known.package]


@pytest.fixture
def import_fails(monkeypatch, forget_what_was_read):
    """Let the import of whatever ships data fail as a test wants."""

    def fail_with(error):
        def import_module(name, package=None):
            raise error(name)

        monkeypatch.setattr(importlib, "import_module", import_module)

    return fail_with


@pytest.mark.parametrize(("name", "known"), SHIPPED)
@pytest.mark.parametrize("extra", ["", "data"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    name, known, extra, import_fails
):
    import_fails(
        lambda module: ModuleNotFoundError(
            f"No module named {module!r}", name=module.partition(".")[0]
        )
    )
    with pytest.raises(DatasetError) as caught:
        dataclasses.replace(known, extra=extra).load()
    install = '"aebook[data]"' if extra else known.package
    assert str(caught.value) == (
        f'"{name}" comes with the package {known.package}, which is not installed; '
        f"pip install {install}"
    )


@pytest.mark.parametrize(("name", "known"), SHIPPED)
def test_a_package_that_cannot_be_imported_says_why(name, known, import_fails):
    import_fails(lambda _: ModuleNotFoundError("No module named 'tqdm'", name="tqdm"))
    with pytest.raises(DatasetError, match=r"cannot be imported \(No module .*tqdm"):
        load(name)
    import_fails(lambda _: ImportError("DLL load failed"))
    with pytest.raises(DatasetError, match=r"cannot be imported \(DLL load failed\)"):
        load(name)


def test_data_that_another_release_of_a_package_changed_are_refused(
    monkeypatch, forget_what_was_read
):
    genuine = sklearn.datasets.load_digits

    def changed():
        bunch = genuine()
        bunch.images[0, 0, 0] += 1
        return bunch

    monkeypatch.setattr(sklearn.datasets, "load_digits", changed)
    with pytest.raises(DatasetError, match=r"scikit-learn ships as \"digits\".*sha256"):
        load("digits")


@pytest.mark.parametrize("name", DATASETS)
def test_a_split_that_leaves_nothing_is_refused_before_anything_is_read(name):
    def read(_):
        raise AssertionError("was read")

    known = dataclasses.replace(DATASETS[name], read=read)
    with pytest.raises(ValueError, match=f"{known.n_train} training samples, got"):
        known.load(validation=known.n_train)
    with pytest.raises(TypeError, match=r"validation must be a whole number, got 0\.2"):
        known.load(validation=0.2)
    with pytest.raises(ValueError, match="seed must be at least 0"):
        known.load(seed=-1)


def test_an_unknown_name_lists_every_known_one():
    with pytest.raises(ValueError, match="unknown data set 'cifar'") as caught:
        load("cifar")
    assert str(caught.value).endswith(", ".join(DATASETS))
