"""Each private part of Keras is where we look for it, and may be missing."""

import ast
from pathlib import Path

import aebook
from aebook import keras_internals as internals
import keras
import numpy as np
import pytest

FILES = sorted(Path(aebook.__file__).parent.rglob("*.py"))
HERE = Path(internals.__file__)
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
# What every named tuple has, and what IPython asks a figure for.
PUBLIC = {
    "_asdict",
    "_fields",
    "_make",
    "_replace",
    "_repr_html_",
    "_repr_png_",
    "_repr_svg_",
}


def used_names(tree):
    """Yield each attribute that code asks for, by a dot or by its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("getattr", "hasattr", "setattr"):
                yield getattr(node.args[1], "value", "")


def defined_names(tree):
    """Yield what a module defines itself, as a name or as an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(getattr(node, "ctx", None), ast.Store):
            yield getattr(node, "attr", getattr(node, "id", ""))


def private_imports(tree):
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (n for n in names if n.startswith(("keras.src", "tensorflow.py")))


OURS = {name for path in FILES if path != HERE for name in defined_names(TREES[path])}


def private_names(path):
    return [
        name
        for name in used_names(TREES[path])
        if str(name).startswith("_") and not str(name).endswith("__")
        if name not in OURS | PUBLIC
    ]


def test_the_search_for_private_parts_finds_them():
    assert "keras.src.backend" in private_imports(TREES[HERE])
    assert set(private_names(HERE)) > {"_flatten_layers", "_compile_config"}


@pytest.mark.parametrize(
    "path", [p for p in FILES if p != HERE], ids=lambda path: path.stem
)
def test_no_other_module_touches_a_private_part_of_keras(path):
    assert [*private_imports(TREES[path]), *private_names(path)] == []


# --- where a version of Keras has moved one


@pytest.fixture
def model():
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model = keras.Sequential([keras.Input((3,)), inner, keras.layers.Dense(1)])
    model.compile(keras.optimizers.AdamW(weight_decay=0.1), "mse", loss_weights=[0.5])
    model.optimizer.build(model.trainable_variables)
    return model


class Bare:
    """Has nothing of what Keras keeps for itself."""


def test_layers_are_found_by_what_is_public(model):
    public = Bare()
    public.layers = model.layers
    found = internals.layers_of(public)
    assert found[0] is public
    assert set(found[1:]) >= {*model.layers, *model.layers[0].layers}
    assert set(found[1:]) <= set(internals.layers_of(model))


def test_without_a_record_of_compile_the_optimizer_stands_for_it(model):
    assert internals.compilation_of(model) is not model.optimizer
    moved = Bare()
    moved.optimizer = model.optimizer
    assert internals.compilation_of(moved) is model.optimizer
    assert internals.loss_weights_of(model) == [0.5]
    assert internals.loss_weights_of(moved) is None


def test_a_frozen_layer_is_noticed_where_keras_remembers(model):
    model.layers[1].trainable = False
    with pytest.raises(ValueError, match="call compile"):
        internals.check_trainable(model)
    model._compiled_trainable_state = {}
    internals.check_trainable(model)


def test_xla_is_left_out_where_keras_says_nothing(model, monkeypatch):
    assert internals.supports_xla(model)
    monkeypatch.setattr(internals, "model_supports_jit", None)
    assert not internals.supports_xla(model)


@pytest.mark.parametrize("moved", [False, True])
def test_a_model_is_built_by_shape(monkeypatch, moved):
    if moved:
        monkeypatch.setattr(internals, "compute_output_spec", None)
    model = keras.Sequential([keras.layers.Dense(3)])
    internals.build_by_shape(model, keras.KerasTensor((None, 2)))
    assert [tuple(w.shape) for w in model.weights] == [(2, 3), (3,)]
    assert model(np.ones((4, 2))).shape == (4, 3)


def test_the_epoch_that_a_backup_restored_is_read_and_forgotten(model):
    assert internals.restored_epoch(Bare()) is None
    model._initial_epoch = 3
    assert internals.restored_epoch(model) == 3
    internals.forget_restored_epoch(model)
    assert internals.restored_epoch(model) is None
    internals.forget_restored_epoch(Bare())


def test_a_callback_has_its_model(model):
    callback, other = keras.callbacks.Callback(), Bare()
    callback.set_model(model)
    other.model = model
    assert internals.model_of(callback) is internals.model_of(other) is model


@pytest.mark.slow
def test_keras_fit_tells_evaluate_that_it_calls():
    seen = []

    class Noting(keras.Sequential):
        def evaluate(self, *args, **kwargs):
            seen.append(internals.is_called_by_fit(kwargs))
            return super().evaluate(*args, **kwargs)

    model = Noting([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, validation_data=(x, y), verbose=0)
    model.evaluate(x, y, verbose=0)
    assert seen == [True, False]


def test_weights_decay_unless_they_were_taken_out():
    kernel, bias = keras.Variable([1.0]), keras.Variable([1.0])
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=[bias])
    assert internals.decays(optimizer, kernel)
    assert not internals.decays(optimizer, bias)
    assert internals.decays(Bare(), bias)


def test_what_an_optimizer_keeps_is_found_or_named(model):
    weights = model.trainable_variables
    assert [internals.index_of(model.optimizer, w) for w in weights] == [0, 1, 2, 3]
    trained, momentums = internals.averages_of(model.optimizer)
    assert [w.path for w in trained] == [w.path for w in weights]
    assert [m.shape for m in momentums] == [w.shape for w in weights]
    with pytest.raises(AttributeError, match=r"_trainable_variables of Bare.*install"):
        internals.averages_of(Bare())
    with pytest.raises(AttributeError, match=r"_get_variable_index of Bare"):
        internals.index_of(Bare(), weights[0])


def test_the_global_seed_is_the_one_that_layers_draw_from(monkeypatch):
    keras.utils.set_random_seed(4)
    keras.random.normal((1,))
    before = np.array(keras.ops.convert_to_numpy(internals.global_seeds().state))
    keras.random.normal((1,))
    after = keras.ops.convert_to_numpy(internals.global_seeds().state)
    assert (after != before).any()
    assert internals.new_global_seeds() is internals.global_seeds()
    monkeypatch.setattr(internals, "get_global_attribute", None)
    for function in (internals.global_seeds, internals.new_global_seeds):
        with pytest.raises(AttributeError, match="global seed"):
            function()
