"""Generators of `aebook.applications`: what they draw has the density they learnt."""

import importlib
import itertools
import json
from pathlib import Path

from aebook import results
from aebook.applications import ImageGenerator, LatentFlow, TokenPrior, cut_squares
from aebook.applications.generation.causal_network import CausalNetwork
from aebook.applications.generation.conditioning import Condition
from aebook.applications.generation.latent_flow import integrate
from aebook.applications.generation.velocity_network import VelocityNetwork
from keras import ops
import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parent.parent
COVARIANCE = np.array([[4.0, 1.2], [1.2, 1.0]])
MEANS = {0: (5.0, -3.0), 1: (-5.0, 3.0)}


def two_clouds(n=3000, seed=0):
    """Return n draws of each of two Gaussians, one of them three times as many."""
    rng = np.random.default_rng(seed)
    sizes = {0: 3 * n // 2, 1: n // 2}
    z = [rng.multivariate_normal(MEANS[k], COVARIANCE, m) for k, m in sizes.items()]
    return np.concatenate(z), np.repeat([0, 1], [*sizes.values()])


@pytest.fixture(scope="module")
def flow():
    return LatentFlow(width=64, depth=2).fit(*two_clouds(), epochs=60)


# --- the flow


def test_along_the_exact_velocity_a_gaussian_becomes_another():
    """Between normals of one number the path keeps the order: x goes to m + s x."""
    mean, s = 3.0, 0.5

    def velocity(x, t):
        variance = (1 - t) ** 2 + t**2 * s**2
        return mean + (t * s**2 - (1 - t)) / variance * (x - t * mean)

    noise = np.linspace(-3, 3, 13)[:, None]
    errors = [
        np.abs(integrate(velocity, noise, n) - (mean + s * noise)).max()
        for n in (10, 20, 40)
    ]
    assert errors[0] < 0.02
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine > 3.5  # the square of the step, or better
    there = integrate(velocity, noise, 40)
    np.testing.assert_allclose(
        integrate(velocity, there, 40, back=True), noise, atol=5e-3
    )


def test_before_training_it_moves_noise_onto_noise():
    network = VelocityNetwork(3, 0, 8, 2, 0.1)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(50, 3)).astype("float32"), np.float32(0.3)
    got = network.velocity(ops.array(x), ops.full((50, 1), t), ops.zeros((50, 0)))
    exact = (t - (1 - t)) / ((1 - t) ** 2 + t**2) * x  # of a standard normal
    np.testing.assert_allclose(ops.convert_to_numpy(got), exact, rtol=1e-5)


@pytest.mark.slow
def test_the_velocity_it_learns_is_that_of_the_gaussian():
    rng = np.random.default_rng(0)
    spread = np.array([[1.0, 0.8], [0.8, 1.0]])
    codes = rng.multivariate_normal([0, 0], spread, 20_000)
    flow = LatentFlow(width=64).fit(codes, epochs=30)
    for t in (0.2, 0.5, 0.8):
        of_points = (1 - t) ** 2 * np.eye(2) + t**2 * spread
        x = rng.multivariate_normal([0, 0], of_points, 2000).astype("float32")
        exact = x @ np.linalg.solve(of_points, t * spread - (1 - t) * np.eye(2))
        got = flow._velocity(np.zeros((2000, 0), "float32"), 1.0)(x, t)
        assert np.mean((got - exact) ** 2) < 0.01 * np.mean(exact**2)


@pytest.mark.slow
def test_samples_have_the_means_and_covariances_of_their_label(flow):
    for label, mean in MEANS.items():
        z = flow.sample(4000, label)
        np.testing.assert_allclose(z.mean(axis=0), mean, atol=0.15)
        np.testing.assert_allclose(np.cov(z.T), COVARIANCE, atol=0.5)


@pytest.mark.slow
def test_without_a_label_each_comes_as_often_as_in_training(flow):
    z = flow.sample(4000)
    assert np.mean(z[:, 0] > 0) == pytest.approx(0.75, abs=0.03)


@pytest.mark.slow
def test_guidance_leads_away_from_the_other_label_and_none_ignores_it():
    y = np.arange(4000) % 2
    codes = np.random.default_rng(0).normal(2 * y - 1, 1)[:, None]  # they overlap
    flow = LatentFlow(width=32, depth=2).fit(codes, y, epochs=30)
    means = [flow.sample(2000, 1, guidance=w).mean() for w in (0, 1, 3)]
    assert means[0] == pytest.approx(0, abs=0.25)
    assert means[1] == pytest.approx(1, abs=0.25)
    assert means[2] > means[1] + 0.3
    np.testing.assert_array_equal(
        flow.sample(50, 0, guidance=0), flow.sample(50, 1, guidance=0)
    )


@pytest.mark.slow
def test_each_code_has_its_noise_and_comes_back_from_it(flow):
    z, y = two_clouds(200, seed=1)
    noise = flow.to_noise(z, y, steps=50)
    back = flow.from_noise(noise, y, steps=50)
    np.testing.assert_allclose(back, z, atol=0.05)
    assert np.abs(noise.mean(axis=0)).max() < 0.25
    np.testing.assert_allclose(np.cov(noise.T), np.eye(2), atol=0.35)


def test_a_number_that_never_changes_stays_as_it_is():
    codes = np.random.default_rng(0).normal(size=(100, 2))
    codes[:, 1] = 7
    z = LatentFlow(width=8, depth=1).fit(codes, epochs=30).sample(20)
    assert np.ptp(codes[:, 0]) > 1
    np.testing.assert_allclose(z[:, 1], 7, atol=1.5)


@pytest.mark.slow
def test_one_seed_gives_one_flow_and_one_set_of_codes():
    codes = np.random.default_rng(0).normal(size=(100, 2))
    one, same, other = (
        LatentFlow(width=8, random_state=s).fit(codes, epochs=2).sample(5)
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


# --- the prior over tokens

TRANSITION = np.array([[0.8, 0.15, 0.05], [0.1, 0.1, 0.8], [0.55, 0.35, 0.1]])


def chain(n, transition, length=8, seed=0):
    """Return n sequences of a Markov chain that begins anywhere."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (n, length))
    for i in range(1, length):
        edges = transition[x[:, i - 1]].cumsum(axis=1)
        x[:, i] = (rng.random((n, 1)) > edges[:, :2]).sum(axis=1)
    return x


@pytest.fixture(scope="module")
def prior():
    """Knows one chain as "a", and the other that swaps two states as "b"."""
    swapped = TRANSITION[::-1, ::-1]
    tokens = np.concatenate([chain(3000, TRANSITION), chain(3000, swapped, seed=1)])
    labels = np.repeat(["a", "b"], 3000)
    known = TokenPrior(3, width=16, depth=1)
    return known.fit(tokens, labels, epochs=8, learning_rate=1e-2)


def transitions(tokens):
    counts = np.zeros((3, 3))
    np.add.at(counts, (tokens[:, :-1].ravel(), tokens[:, 1:].ravel()), 1)
    return counts / counts.sum(axis=1, keepdims=True)


@pytest.mark.slow
def test_draws_have_the_transitions_of_the_chain_of_their_label(prior):
    for label, expected in (("a", TRANSITION), ("b", TRANSITION[::-1, ::-1])):
        drawn = prior.sample(3000, label)
        np.testing.assert_allclose(transitions(drawn), expected, atol=0.03)


@pytest.mark.slow
def test_it_pays_the_entropy_of_the_chain_for_what_it_knows(prior):
    fresh = chain(2000, TRANSITION, seed=5)
    places = np.stack([TRANSITION[a, b] for a, b in itertools.pairwise(fresh.T)])
    exact = np.log(3) - np.log(places).sum(axis=0)
    assert prior.nats(fresh, "a").mean() == pytest.approx(exact.mean(), abs=0.06)
    assert prior.nats(fresh, "b").mean() > exact.mean() + 1


@pytest.mark.slow
def test_the_probabilities_of_all_sequences_sum_to_one(prior):
    every = np.array([*itertools.product(range(3), repeat=8)])
    assert np.exp(-prior.nats(every, "a")).sum() == pytest.approx(1, abs=1e-4)


def test_no_token_is_foreseen_from_those_after_it():
    network = CausalNetwork(5, 4, 0, 8, 2)
    tokens = np.array([[0, 1, 2, 3]])
    label = ops.zeros((1, 0))
    first = ops.convert_to_numpy(network.logits([ops.array(tokens), label]))
    for changed in range(4):
        other = tokens.copy()
        other[0, changed] = (other[0, changed] + 1) % 4
        logits = ops.convert_to_numpy(network.logits([ops.array(other), label]))
        np.testing.assert_allclose(logits[0, : changed + 1], first[0, : changed + 1])
        assert (logits[0, changed + 1] != first[0, changed + 1]).any()


@pytest.mark.slow
def test_draws_come_as_often_as_they_are_probable():
    tokens = np.random.default_rng(0).integers(0, 3, (200, 2))
    tokens[:, 1] = (tokens[:, 0] + 1) % 3  # a prior that has not learnt all of it
    known = TokenPrior(3, width=8, depth=1).fit(tokens, epochs=3)
    every = np.array([*itertools.product(range(3), repeat=2)])
    share = np.exp(-known.nats(every).astype(np.float64))
    drawn = known.sample(5000) @ [3, 1]
    counts = np.bincount(drawn, minlength=9)
    assert stats.chisquare(counts, 5000 * share / share.sum()).pvalue > 1e-3


@pytest.mark.slow
def test_a_low_temperature_draws_what_is_most_probable(prior):
    cold = prior.sample(50, "a", temperature=0.01)
    best = TRANSITION.argmax(axis=1)
    assert np.mean(cold[:, 1:] == best[cold[:, :-1]]) > 0.95


# --- labels


def test_labels_are_told_as_rows_and_counted():
    known = Condition(["b", "a", "b", "b"], 4)
    np.testing.assert_array_equal(known.training_rows().argmax(axis=1), [1, 0, 1, 1])
    np.testing.assert_array_equal(known.shares, [0.25, 0.75])
    np.testing.assert_array_equal(known.rows(["a", "b"], 2), np.eye(2))
    assert not known.rows(None, 3).any()
    drawn = known.drawn(None, 2000, np.random.default_rng(0))
    assert drawn[:, 1].mean() == pytest.approx(0.75, abs=0.04)
    assert Condition(None, 5).training_rows().shape == (5, 0)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (7, "among those of fit: 0, 1; got 7"),
        ("0", "among those of fit"),
        ([0, 1], r"one entry per sample, shape \(3,\)"),
        ([0, 1, 2], "among those of fit"),
    ],
)
def test_a_label_that_is_not_known_lists_those_that_are(flow, label, words):
    with pytest.raises(ValueError, match=words):
        flow.sample(3, label)


def test_a_label_for_what_has_none_is_refused():
    flow = LatentFlow(width=4, depth=1).fit(np.eye(4), epochs=1)
    with pytest.raises(ValueError, match=r"fit\(...\) had no labels; leave it out"):
        flow.sample(3, 1)


# --- images


def halves(n, size=8, seed=0):
    """Return images that are light above or, with label 1, below; more or less."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    x = np.full((n, size, size), 0.1, np.float32)
    for image, below in zip(x, y, strict=True):
        part = np.s_[size // 2 :] if below else np.s_[: size // 2]
        image[part] = rng.uniform(0.6, 0.9)
    return x, y


@pytest.fixture(scope="module")
def generator():
    x, y = halves(400)
    small = ImageGenerator(latent_dim=2, hidden=(32,))
    return small.fit(x, y, epochs=40, flow_epochs=300, learning_rate=5e-3)


def test_images_are_drawn_of_the_kind_that_is_asked_for(generator):
    x, y = halves(400)
    redrawn = generator.autoencoder.reconstruct(x)
    for label, part in enumerate((np.s_[:, :4], np.s_[:, 4:])):
        drawn = generator.sample(200, label)
        light, expected = (
            a[part].mean(axis=(1, 2)) for a in (drawn, redrawn[y == label])
        )
        assert np.mean(light > drawn.mean(axis=(1, 2))) > 0.95
        assert light.mean() == pytest.approx(expected.mean(), abs=0.03)
        assert light.std() == pytest.approx(expected.std(), rel=0.3)  # not one image


@pytest.mark.slow
def test_the_ends_of_a_path_are_the_reconstructions(generator):
    x, _ = halves(6, seed=1)
    ends = generator.autoencoder.reconstruct(x[:2])
    for how in ("linear", "spherical"):
        path = generator.interpolate(x[0], x[1], 5, how=how)
        assert path.shape == (5, 8, 8)
        np.testing.assert_allclose(path[[0, -1]], ends, atol=0.06)


def test_a_generator_in_a_file_is_the_same(generator, tmp_path):
    generator.save(tmp_path / "generator.npz")
    again = ImageGenerator.load(tmp_path / "generator.npz")
    for label in (None, 1):
        np.testing.assert_array_equal(
            again.sample(5, label, seed=3), generator.sample(5, label, seed=3)
        )
    x, _ = halves(2)
    np.testing.assert_array_equal(again.interpolate(*x), generator.interpolate(*x))


def test_a_file_that_is_no_generator_is_named(tmp_path):
    path = tmp_path / "generator.npz"
    for content in (b"", b"PK\x03\x04 damaged"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"generator\.npz is no file of a gen"):
            ImageGenerator.load(path)
    np.savez(path, a=np.zeros(2))
    with pytest.raises(ValueError, match="no file of a generator"):
        ImageGenerator.load(path)
    with pytest.raises(FileNotFoundError):
        ImageGenerator.load(tmp_path / "none.npz")


@pytest.mark.slow
def test_pictures_of_any_size_by_name_become_squares():
    rng = np.random.default_rng(0)
    pictures = {f"{i}.png": rng.random((20 + i, 30, 3)) for i in range(4)}
    small = ImageGenerator(latent_dim=2, hidden=(8,), size=12)
    drawn = small.fit(pictures, epochs=1, flow_epochs=1).sample(3)
    assert drawn.shape == (3, 12, 12, 3)
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0 and drawn.max() <= 1


@pytest.mark.slow
def test_one_seed_gives_one_generator():
    x, y = halves(40)
    one, same, other = (
        ImageGenerator(latent_dim=2, hidden=(8,), random_state=s)
        .fit(x, y, epochs=1, flow_epochs=1)
        .sample(2)
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_square_is_the_middle_of_the_picture_made_smaller():
    picture = np.zeros((20, 60), np.float32)
    picture[:, 20:40] = 1  # the middle
    np.testing.assert_allclose(cut_squares([picture], 5), 1, atol=1e-6)
    soft = np.linspace(0, 1, 40)[:, None, None] * np.ones((40, 40, 3))
    got = cut_squares({"soft": soft}, 10)
    assert got.shape == (1, 10, 10, 3)
    means = soft.reshape(10, 4, 40, 3).mean(axis=(1, 2))
    np.testing.assert_allclose(got[0, :, 5], means, atol=0.02)


GREY = np.full((4, 8, 8), 0.5, np.float32)


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (GREY[:0], ValueError, "empty"),
        (GREY[:1], ValueError, "at least 2, got 1"),
        (GREY[0], ValueError, r"one image needs a first axis too: x\[None\]"),
        (np.zeros((4, 8, 8, 2)), ValueError, r"or \(n, height, width, 3\), got"),
        (GREY * np.nan, ValueError, "finite"),
        ((255 * GREY).astype(np.uint8), ValueError, "divide by 255"),
        ((65535 * GREY).astype(np.uint16), ValueError, r"expected \[0, 1\]"),
        (GREY.astype(str), TypeError, "real numbers"),
        ({"a": GREY[0], "b": np.zeros((8, 8, 3))}, ValueError, "all in grey or all"),
        ({}, ValueError, "images is empty"),
    ],
    ids="empty one single channels nan uint8 uint16 text mixed none".split(),
)
def test_bad_images_are_refused_in_words(images, error, words):
    with pytest.raises(error, match=words):
        ImageGenerator().fit(images)


def test_labels_and_passes_are_looked_at_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr("aebook.applications.generation.generator.dense", None)
    with pytest.raises(ValueError, match="labels must have one entry per sample"):
        ImageGenerator().fit(GREY, [1, 2])
    with pytest.raises(ValueError, match="flow_epochs must be at least 1"):
        ImageGenerator().fit(GREY, flow_epochs=0)


def test_another_image_than_those_it_was_trained_on_is_refused(generator):
    for image in (np.zeros((9, 9)), np.zeros((8, 8, 3))):
        with pytest.raises(ValueError, match="a and b must have"):
            generator.interpolate(image, image)
    with pytest.raises(ValueError, match="unknown path 'bent'; known: linear, sph"):
        generator.interpolate(GREY[0], GREY[0], how="bent")


@pytest.mark.parametrize(
    ("kind", "data", "error", "words"),
    [
        (LatentFlow, np.zeros((1, 3)), ValueError, "at least 2, got 1"),
        (LatentFlow, np.zeros((4, 2, 2)), ValueError, "codes must have 2 dimensions"),
        (LatentFlow, np.full((4, 2), np.inf), ValueError, "codes must be finite"),
        (lambda: TokenPrior(4), np.zeros((5, 3)), TypeError, "tokens must be whole"),
        (lambda: TokenPrior(4), np.zeros((5, 1), int), ValueError, "length ≥ 2"),
        (lambda: TokenPrior(4), np.zeros((0, 3), int), ValueError, "length ≥ 2"),
        (lambda: TokenPrior(4), np.full((5, 3), 4), ValueError, r"in \[0, 3\].*to 4"),
    ],
)
def test_bad_codes_are_refused_in_words(kind, data, error, words):
    with pytest.raises(error, match=words):
        kind().fit(data)


def test_what_has_learnt_nothing_says_so():
    for call in (
        lambda: LatentFlow().sample(1),
        lambda: LatentFlow().to_noise(np.eye(2)),
        lambda: TokenPrior(4).sample(1),
        lambda: TokenPrior(4).nats([[0, 1]]),
        lambda: ImageGenerator().sample(1),
        lambda: ImageGenerator().interpolate(GREY[0], GREY[0]),
        lambda: ImageGenerator().save("nowhere.npz"),
    ):
        with pytest.raises(ValueError, match="has learnt nothing yet; call fit"):
            call()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LatentFlow(width=0), ValueError, "width must be at least 1"),
        (lambda: LatentFlow(drop=2), ValueError, r"drop must be .*\[0, 1\], got 2"),
        (lambda: TokenPrior(4, width=6), ValueError, "width must be a multiple of 4"),
        (lambda: TokenPrior(1), ValueError, "entries must be at least 2"),
        (lambda: ImageGenerator(latent_dim=1.5), TypeError, "latent_dim must be a"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_built(make, error, words):
    with pytest.raises(error, match=words):
        make()


# --- the benchmark


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "applications"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("generation")


def test_a_mixture_for_each_label_draws_each_as_often_as_it_comes(benchmark):
    z, y = two_clouds(400)
    for mixture in ((2, False), (1, True)):
        drawn = benchmark.mixture_draws(z, y, *mixture, 1000, 0)
        assert drawn.shape == (1000, 2)
        assert np.mean(drawn[:, 0] > 0) == pytest.approx(0.75, abs=0.05)
        first = drawn[drawn[:, 0] > 0]
        np.testing.assert_allclose(first.mean(axis=0), MEANS[0], atol=0.4)


@pytest.mark.slow
def test_a_try_of_the_benchmark_compares_every_method(benchmark, monkeypatch, capsys):
    for name, few in (
        ("MIXTURES", ((2, False), (1, True))),
        ("PCA_DIMS", (4,)),
        ("CODES", (4,)),
        ("FLOWS", ((1, 1),)),
        ("BETAS", ((4, 1.0),)),
        ("TOKENS", ((2, 1.0),)),
        ("EMOJI_CODES", (4,)),
        ("HIDDEN", (16,)),
    ):
        monkeypatch.setattr(benchmark, name, few)
    benchmark.main(["--quick"])
    printed = capsys.readouterr().out
    for method in benchmark.METHODS:
        assert f"sample distance {method}" in printed


def test_the_stored_rows_follow_from_the_stored_runs(benchmark):
    stored = results.load("applications/generation")
    assert stored["rows"] == benchmark.rows(stored["runs"])
    assert all(len(row["values"]) >= 5 for row in stored["rows"])
    best = benchmark.chosen(stored["runs"])
    assert stored["settings"]["chosen"] == json.loads(json.dumps(best))
