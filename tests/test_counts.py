"""A count may come from NumPy: from a shape, a grid, a table. An array is no count."""

import functools
import importlib
import inspect
import json
from pathlib import Path
import re
import tempfile

import aebook
from aebook import (
    applications,
    corruption,
    data,
    estimators,
    metrics,
    models,
    optim,
    plots,
    problems,
    sampling,
    schedule_free,
    schedules,
    scratch,
    training,
)
import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

X = np.random.default_rng(0).random((12, 4)).astype("float32")
ROWS = np.random.default_rng(1).normal(size=(12, 4))
IMAGES = X.reshape(12, 2, 2)


def pair(**options):
    return models.dense(4, 2, hidden=(), **options)


def a_model(loss="mse"):
    model = models.Autoencoder(*pair())
    model.compile("sgd", loss)
    return model


def a_vae():
    model = models.VariationalAutoencoder(*pair(gaussian=True))
    model.compile("sgd")
    return model


def estimator(kind, **options):
    small = {"latent_dim": 2, "hidden": (2,), "epochs": 1, "random_state": 0}
    return kind(**{**small, **options}).fit(ROWS)


def fitted(**options):
    return training.fit(a_model(), X, verbose=0, **options)


def a_path():
    return Path(tempfile.mkdtemp()) / "run.ckpt"


def mapped(**options):
    images = np.random.default_rng(0).random((20, 8, 8))
    conv = models.convolutional((8, 8), 2, (2,), flat=False)
    model = models.VectorQuantizedAutoencoder(*conv, **options)
    model.reconstruct(images)
    return model


def a_codec(batch_size=12, epochs=1, **options):
    small = {"strides": (2,), "latent": 2, "width": 2, **options}
    codec = applications.Codec(**small)
    codec.fit(IMAGES, batch_size=batch_size, epochs=epochs)
    return codec.compress(IMAGES)


def a_denoiser(steps=1, batch_size=2, **options):
    denoiser = applications.Denoiser(**{"filters": 1, "depth": 0, **options})
    return denoiser.fit(IMAGES, steps=steps, batch_size=batch_size).denoise(IMAGES)


TOKENS = np.arange(24).reshape(12, 2) % 5


def drawn_by(kind, name, n):
    """What a generator draws, with one count of its constructor or a method changed."""
    small = {
        applications.ImageGenerator: ({"latent_dim": 2, "hidden": (4,)}, IMAGES),
        applications.LatentFlow: ({"width": 4, "depth": 1}, X),
        applications.TokenPrior: ({"entries": 5, "width": 4, "depth": 1}, TOKENS),
    }
    options, data = small[kind]
    method, _, argument = name.rpartition(".")
    fit = {"epochs": 1} | ({argument: n} if method == "fit" else {})
    if kind is applications.ImageGenerator:
        fit = {"flow_epochs": 1} | fit
        if argument == "size":
            data = {"a": IMAGES[0], "b": IMAGES[1]}
    own = {} if method else {argument: (n,) if argument == "hidden" else n}
    made = kind(**options | own).fit(data, **fit)
    if method in ("", "fit"):
        return made.sample(2)
    given = {
        "sample": {"n": 2},
        "from_noise": {"noise": X},
        "to_noise": {"codes": X},
        "interpolate": {"a": IMAGES[0], "b": IMAGES[1]},
    }
    return getattr(made, method)(**given[method] | {argument: n})


GENERATORS = {
    applications.ImageGenerator: (
        *("latent_dim", "hidden", "size", "random_state"),
        *("fit.epochs", "fit.flow_epochs", "fit.batch_size"),
        *("sample.n", "sample.steps", "sample.seed", "interpolate.steps"),
    ),
    applications.LatentFlow: (
        *("width", "depth", "random_state", "fit.epochs", "fit.batch_size"),
        *("sample.n", "sample.steps", "sample.seed"),
        *("from_noise.steps", "to_noise.steps"),
    ),
    applications.TokenPrior: (
        *("entries", "width", "depth", "random_state"),
        *("fit.epochs", "fit.batch_size", "sample.n", "sample.seed"),
    ),
}


def rates(schedule):
    return [float(schedule(np.int64(t))) for t in range(4)], schedule


NEW = {  # "module.function.parameter": (a value, a call with it)
    **{
        f"applications.Codec.{name}": (
            1,
            lambda n, name=name: a_codec(**{name.rpartition(".")[2]: n}),
        )
        for name in ("latent", "width", "random_state", "fit.batch_size", "fit.epochs")
    },
    "applications.Codec.strides": (2, lambda n: a_codec(strides=(n,))),
    **{
        f"applications.Denoiser.{name}": (
            1,
            lambda n, name=name: a_denoiser(**{name.rpartition(".")[2]: n}),
        )
        for name in ("filters", "depth", "random_state", "fit.steps", "fit.batch_size")
    },
    "applications.damage.random_state": (
        1,
        lambda n: applications.damage(IMAGES, random_state=n),
    ),
    "applications.count_tables.tables": (
        2,
        lambda n: applications.count_tables([3, 4], 0, n),
    ),
    **{
        f"applications.{kind.__name__}.{name}": (
            {"width": 8, "entries": 6}.get(name, 2),
            lambda n, kind=kind, name=name: drawn_by(kind, name, n),
        )
        for kind, names in GENERATORS.items()
        for name in names
    },
    "applications.cut_squares.size": (
        3,
        lambda n: applications.cut_squares(IMAGES, n),
    ),
    **{
        f"applications.cut_patches.{name}": (
            1,
            lambda n, name=name: applications.cut_patches(
                IMAGES, **{"size": 2, "count": 3, name: n}
            ),
        )
        for name in ("size", "count", "random_state")
    },
    **{
        f"applications.compare_maps.{name}": (
            value,
            lambda n, name=name: (
                applications.compare_maps({"": PCA(2)}, ROWS, **{name: n})[""].codes
            ),
        )
        for name, value in (("n_neighbors", 3), ("max_samples", 11), ("seed", 1))
    },
    **{
        f"applications.map_autoencoder.{name}": (
            2,
            lambda n, name=name: (
                applications.map_autoencoder(
                    **{
                        "hidden": (2,),
                        "epochs": 1,
                        name: (n,) if name == "hidden" else n,
                    }
                )
                .fit(ROWS)
                .history_
            ),
        )
        for name in ("latent_dim", "hidden", "epochs", "batch_size", "random_state")
    },
    "applications.picture_grid.columns": (
        3,
        lambda n: applications.picture_grid(X[:, :2], IMAGES, n),
    ),
    "applications.quantize.bits": (
        3,
        lambda n: applications.quantize(X, n, X),
    ),
    **{
        f"applications.swiss_roll.{name}": (
            3,
            lambda n, name=name: applications.swiss_roll(**{"n": 4, name: n}).points,
        )
        for name in ("n", "random_state")
    },
    "applications.turned.size": (
        4,
        lambda n: applications.turned(np.ones((8, 8)), [0, 90], n),
    ),
    **{
        f"metrics.intrinsic_dimension.{name}": (
            value,
            lambda n, name=name: metrics.intrinsic_dimension(X, **{name: n}),
        )
        for name, value in (("max_samples", 11), ("seed", 1))
    },
    "plots.images.columns": (2, lambda n: plots.images(IMAGES, columns=n).alt),
    "corruption.MaskingNoise.seed": (1, lambda n: corruption.MaskingNoise(seed=n)),
    "corruption.SaltAndPepper.seed": (1, lambda n: corruption.SaltAndPepper(seed=n)),
    "metrics.code_usage.codes": (4, lambda n: metrics.code_usage([0, 1], n)),
    "metrics.perplexity.codes": (4, lambda n: metrics.perplexity([0, 1], n)),
    "metrics.jacobian_norm.batch_size": (
        3,
        lambda n: metrics.jacobian_norm(pair()[0], X, batch_size=n),
    ),
    "metrics.knn_probe.n_neighbors": (
        3,
        lambda n: metrics.knn_probe(X, range(12), X, range(12), n_neighbors=n),
    ),
    "metrics.nearest_neighbours.n_neighbors": (
        3,
        lambda n: metrics.nearest_neighbours(X, X, n),
    ),
    "metrics.precision_and_recall.n_neighbors": (
        3,
        lambda n: metrics.precision_and_recall(X, X + 0.1, n),
    ),
    "metrics.trustworthiness.n_neighbors": (
        3,
        lambda n: metrics.trustworthiness(X, X[:, :2], n_neighbors=n),
    ),
    "metrics.trustworthiness.max_samples": (
        11,
        lambda n: metrics.trustworthiness(X, X[:, :2], 3, max_samples=n),
    ),
    "metrics.trustworthiness.seed": (
        1,
        lambda n: metrics.trustworthiness(X, X[:, :2], 3, seed=n),
    ),
    **{
        f"metrics.negative_log_likelihood.{name}": (
            2,
            lambda n, name=name: metrics.negative_log_likelihood(
                a_vae(), X, **{"samples": 2, name: n}
            ),
        )
        for name in ("samples", "seed", "batch_size")
    },
    **{
        f"models.Autoencoder.{name}.batch_size": (
            5,
            lambda n, name=name: getattr(a_model(), name)(
                X[:, :2] if name == "decode" else X, batch_size=n
            ),
        )
        for name in ("encode", "decode", "reconstruct")
    },
    "models.VariationalAutoencoder.posterior.batch_size": (
        1,
        lambda n: a_vae().posterior(X, batch_size=n),
    ),
    "models.VectorQuantizedAutoencoder.quantized.batch_size": (
        5,
        lambda n: mapped().quantized(np.ones((6, 8, 8)), batch_size=n),
    ),
    **{
        f"models.FiniteScalarAutoencoder.{name}": (4, lambda n, call=call: call(n))
        for name, call in {
            "levels": lambda n: models.FiniteScalarAutoencoder(*pair(), levels=(n,)),
            "quantized.batch_size": lambda n: models.FiniteScalarAutoencoder(
                *pair(), levels=(3,)
            ).quantized(X, batch_size=n),
        }.items()
    },
    "models.ImportanceWeightedAutoencoder.samples": (
        2,
        lambda n: models.ImportanceWeightedAutoencoder(*pair(gaussian=True), samples=n),
    ),
    "models.KSparseAutoencoder.k": (
        1,
        lambda n: models.KSparseAutoencoder(*pair(), k=n),
    ),
    "models.MaskedAutoencoder.patch_size": (
        2,
        lambda n: models.MaskedAutoencoder(*pair(), patch_size=n),
    ),
    "models.VariationalAutoencoder.warmup_steps": (
        3,
        lambda n: models.VariationalAutoencoder(*pair(gaussian=True), warmup_steps=n),
    ),
    "models.VectorQuantizedAutoencoder.codes": (8, lambda n: mapped(codes=n)),
    "models.VectorQuantizedAutoencoder.code_dim": (2, lambda n: mapped(code_dim=n)),
    **{
        f"models.dense.{name}": (4, lambda n, name=name: built(models.dense, name, n))
        for name in ("input_shape", "latent_dim", "hidden")
    },
    **{
        f"models.convolutional.{name}": (
            8,
            lambda n, name=name: built(models.convolutional, name, n),
        )
        for name in ("input_shape", "latent_dim", "filters", "kernel_size")
    },
    **{
        f"models.recurrent.{name}": (
            4,
            lambda n, name=name: built(models.recurrent, name, n),
        )
        for name in ("input_shape", "latent_dim", "units")
    },
    "optim.lbfgs.steps": (3, lambda n: optim.lbfgs(problems.saddle(), [1, 1], n)),
    "optim.minimize.steps": (
        3,
        lambda n: optim.minimize(problems.saddle(), [1, 1], "sgd", n).losses,
    ),
    "plots.sheet.n": (3, lambda n: plots.sheet({"a": IMAGES}, n=n)),
    "plots.images.n": (3, lambda n: plots.images(IMAGES, n=n)),
    "plots.reconstructions.n": (
        3,
        lambda n: plots.reconstructions(IMAGES, IMAGES, n=n),
    ),
    "plots.schedules.steps": (
        5,
        lambda n: plots.schedules({"a": schedules.StepDecay(1.0, 2)}, n),
    ),
    "problems.dense_autoencoder.latent_dim": (
        2,
        lambda n: problems.dense_autoencoder(X, n).start,
    ),
    "problems.dense_autoencoder.hidden": (
        3,
        lambda n: problems.dense_autoencoder(X, 2, (n,)).start,
    ),
    "problems.dense_autoencoder.seed": (
        3,
        lambda n: problems.dense_autoencoder(X, 2, seed=n).start,
    ),
    "problems.encoder_and_decoder.latent_dim": (
        1,
        lambda n: problems.encoder_and_decoder(np.arange(6), n),
    ),
    "problems.linear_autoencoder.latent_dim": (
        2,
        lambda n: problems.linear_autoencoder(X, n).start,
    ),
    "problems.linear_autoencoder.seed": (
        2,
        lambda n: problems.linear_autoencoder(X, 2, seed=n).start,
    ),
    "problems.matrix_quadratic.seed": (
        3,
        lambda n: problems.matrix_quadratic(seed=n).start,
    ),
    "problems.matrix_quadratic.size": (
        3,
        lambda n: problems.matrix_quadratic(9, n).start,
    ),
    "problems.quadratic.dim": (3, lambda n: problems.quadratic(dim=n).start),
    **{
        f"sampling.fit_code_mixture.{name}": (
            2,
            lambda n, name=name: (
                sampling.fit_code_mixture(ROWS, **{"n_components": 2, name: n}).means_
            ),
        )
        for name in ("n_components", "seed")
    },
    "sampling.interpolate.steps": (
        3,
        lambda n: sampling.interpolate(a_model(), X[0], X[1], n),
    ),
    **{
        f"sampling.sample_prior.{name}": (
            2,
            lambda n, name=name: sampling.sample_prior(a_model(), **{"n": 2, name: n}),
        )
        for name in ("n", "seed")
    },
    **{
        f"sampling.sample_mixture.{name}": (
            2,
            lambda n, name=name: sampling.sample_mixture(
                a_model(),
                sampling.fit_code_mixture(ROWS[:, :2], 2),
                **{"n": 2, name: n},
            ),
        )
        for name in ("n", "seed")
    },
    "schedule_free.ScheduleFreeAdamW.warmup_steps": (
        3,
        lambda n: schedule_free.ScheduleFreeAdamW(0.1, warmup_steps=n),
    ),
    "schedules.CosineRestarts.first_decay_steps": (
        3,
        lambda n: rates(schedules.CosineRestarts(1.0, n)),
    ),
    "schedules.StepDecay.decay_steps": (
        3,
        lambda n: rates(schedules.StepDecay(1.0, n)),
    ),
    "schedules.LinearWarmup.warmup_steps": (
        3,
        lambda n: rates(schedules.LinearWarmup(1.0, n)),
    ),
    "schedules.OneCycle.total_steps": (4, lambda n: rates(schedules.OneCycle(1.0, n))),
    **{
        f"schedules.WarmupStableDecay.{name}": (
            2,
            lambda n, name=name: rates(
                schedules.WarmupStableDecay(
                    1.0,
                    **{"warmup_steps": 2, "stable_steps": 2, "decay_steps": 2, name: n},
                )
            ),
        )
        for name in ("warmup_steps", "stable_steps", "decay_steps")
    },
    **{
        f"schedules.find_learning_rate.{name}": (
            4,
            lambda n, name=name: schedules.find_learning_rate(
                a_model(), X, X, **{"steps": 10, name: n}
            ),
        )
        for name in ("batch_size", "seed")
    },
    "schedules.find_learning_rate.steps": (
        12,
        lambda n: schedules.find_learning_rate(a_model(), X, X, steps=n),
    ),
    "scratch.DenseAutoencoder.sizes": (
        2,
        lambda n: scratch.DenseAutoencoder((4, n, 4)).parameters,
    ),
    "scratch.DenseAutoencoder.seed": (
        2,
        lambda n: scratch.DenseAutoencoder((4, 2, 4), seed=n).parameters,
    ),
    **{
        f"scratch.train.{name}": (
            2,
            lambda n, name=name: scratch.train(
                scratch.DenseAutoencoder((4, 2, 4)), X, **{"epochs": 1, name: n}
            ),
        )
        for name in ("epochs", "batch_size", "seed")
    },
    **{
        f"estimators.{kind.__name__}.{name}": (
            2,
            lambda n, name=name, kind=kind: estimator(kind, **{name: n}).history_,
        )
        for kind in (estimators.AnomalyDetector, estimators.AutoencoderTransformer)
        for name in ("latent_dim", "epochs", "batch_size", "n_iter_no_change")
    },
    **{
        f"estimators.{kind.__name__}.hidden": (
            2,
            lambda n, kind=kind: estimator(kind, hidden=(n,)).history_,
        )
        for kind in (estimators.AnomalyDetector, estimators.AutoencoderTransformer)
    },
    **{
        f"data.{name}.{count}": (
            3,
            lambda n, name=name, count=count: getattr(data, name)(**{count: n}).x_val,
        )
        for name in ("load_mnist", "load_fashion_mnist")
        for count in ("validation", "seed")
    },
    **{
        f"data.{path}.{count}": (
            3,
            lambda n, load=load, count=count: load(**{count: n}).x_val,
        )
        for path, load in (
            ("load", functools.partial(data.load, "digits")),
            ("Dataset.load", data.DATASETS["digits"].load),
        )
        for count in ("validation", "seed")
    },
    **{
        f"training.Batches.{name}": (
            2,
            lambda n, name=name: training.Batches(X, **{"batch_size": 4, name: n})[0],
        )
        for name in ("batch_size", "seed", "block_size")
    },
    **{
        f"training.fit.{name}": (
            1,
            lambda n, name=name: fitted(**{"epochs": 2, name: n}).history,
        )
        for name in ("batch_size", "epochs", "initial_epoch")
    },
    "training.fit.validation_freq": (
        1,
        lambda n: fitted(validation_freq=n, validation_data=(X,)).history,
    ),
    "training.fit.checkpoint_every": (
        1,
        lambda n: fitted(checkpoint_every=n, checkpoint=a_path()).history,
    ),
    "training.fit.validation_batch_size": (
        1,
        lambda n: fitted(validation_batch_size=n, validation_data=(X,)).history,
    ),
}
# Results, what Keras calls by itself, and numbers that are no counts.
OTHERS = {
    "applications.Codec.fit.verbose",
    "applications.Denoiser.fit.verbose",
    "applications.ImageGenerator.fit.verbose",
    "applications.LatentFlow.fit.verbose",
    "applications.TokenPrior.fit.verbose",
    "applications.Reader.take.shape",
    "applications.Tables.low",
    "data.Dataset.n_train",
    "data.Dataset.n_test",
    "data.Dataset.shape",
    "data.Dataset.validation",
    "estimators.AnomalyDetector.build",
    "estimators.AutoencoderTransformer.build",
    "metrics.ClassError.n",
    "optim.Trajectory.evaluations",
    "optim.memory.shape",
    "optim.minimize.schedule",
    "schedule_free.ScheduleFreeEvaluation.on_epoch_begin.epoch",
    "schedule_free.ScheduleFreeEvaluation.on_epoch_end.epoch",
    "training.fit.verbose",
    "estimators.AnomalyDetector.verbose",
    "estimators.AutoencoderTransformer.verbose",
}


def built(builder, name, n):
    """A pair of networks with one count changed, where a list of them is asked too."""
    options = {"input_shape": (8, 8), "latent_dim": 2}
    options[name] = (n, n) if name == "input_shape" else n
    if name in ("hidden", "filters", "units"):
        options[name] = [n]
    return models.Autoencoder(*builder(**options))


def counts_of_the_package():
    for module in aebook.__all__:
        public = importlib.import_module(f"aebook.{module}")
        for name in public.__all__:
            thing = getattr(public, name)
            methods = vars(thing).items() if inspect.isclass(thing) else []
            found = [(name, thing)] + [
                (f"{name}.{method}", function)
                for method, function in methods
                if inspect.isfunction(function) and not method.startswith("_")
            ]
            for path, function in found:
                if not callable(function) or inspect.ismodule(function):
                    continue
                if inspect.isclass(function) and issubclass(function, Exception):
                    continue
                for parameter in inspect.signature(function).parameters.values():
                    words = (
                        str(parameter.annotation).replace("'", " ").replace("[", " ")
                    )
                    if "int" in words.replace("]", " ").replace(",", " ").split():
                        yield f"{module}.{path}.{parameter.name}"


def test_every_count_of_the_package_is_tried_here():
    assert sorted({*counts_of_the_package()} - OTHERS) == sorted(NEW)


def as_plain(result):
    """What a call gave, as text; of a Keras object what is saved of it."""
    if hasattr(result, "get_config"):
        return json.dumps(plain(result.get_config()))
    return str(result)


def plain(config):
    """The config itself, where each number is Python's own."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [plain(value) for value in config]
    assert type(config) in (int, float, str, bool, type(None)), repr(config)
    return config


@pytest.mark.parametrize("name", NEW)
@pytest.mark.slow
def test_a_count_from_numpy_is_a_count(name):
    value, call = NEW[name]
    results = []
    for n in (value, np.int64(value)):
        keras.utils.set_random_seed(0)
        result = call(n)
        parts = result if isinstance(result, tuple | list) else [result]
        results.append([re.sub(r"_\d+|at 0x\w+", "", as_plain(part)) for part in parts])
    if not name.startswith("plots."):
        assert results[0] == results[1]


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("kind", [np.array, float])
@pytest.mark.slow
def test_an_array_or_a_fraction_is_refused_by_its_name(name, kind):
    value, call = NEW[name]
    with pytest.raises(
        TypeError, match=f"{name.split('.')[-1]} must be a whole number"
    ):
        call(kind(value))


@pytest.mark.slow
def test_a_model_with_counts_from_numpy_is_saved_and_loaded(tmp_path):
    n = np.int64
    pair = models.dense(n(4), n(3), hidden=np.array([5]), gaussian=True)
    model = models.VariationalAutoencoder(*pair, warmup_steps=n(3))
    model.compile(keras.optimizers.Adam(schedules.OneCycle(0.1, n(5))))
    model.fit(X, epochs=n(1), batch_size=n(4), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.reconstruct(X), model.reconstruct(X))
