"""The dense autoencoder from scratch: NumPy, and backpropagation by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aebook.checks import as_samples, check_between, check_choice, check_count
from aebook.optim import RULES
import numpy as np

__all__ = ["ACTIVATIONS", "DenseAutoencoder", "Layer", "backward", "forward", "train"]


class Activation(NamedTuple):
    """A function, its slope in terms of its own output, and what it can put out."""

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], Any]
    reach: tuple[float | None, float | None] = (None, None)


#: The activations by name: `value(a)`, and `slope(h)` at `h = value(a)`.
ACTIVATIONS = {
    "linear": Activation(lambda a: a, lambda h: 1),
    "relu": Activation(lambda a: np.maximum(a, 0), lambda h: h > 0, (0, None)),
    # tanh never overflows, exp(-a) would
    "sigmoid": Activation(
        lambda a: (1 + np.tanh(a / 2)) / 2, lambda h: h * (1 - h), (0, 1)
    ),
    "tanh": Activation(np.tanh, lambda h: 1 - h**2, (-1, 1)),
}


class Layer(NamedTuple):
    """One dense layer.

    Attributes:
        weights: Shape `(inputs, outputs)`.
        bias: Shape `(outputs,)`.
        activation: A name in `ACTIVATIONS`.

    Example:
        >>> layer = Layer(np.ones((2, 1)), np.zeros(1), "relu")
        >>> forward([layer], np.array([[1.0, 2.0]]))[-1]
        array([[3.]])
    """

    weights: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(init=False)
class DenseAutoencoder:
    r"""An encoder and a decoder, each a list of dense layers.

    Weights start as Keras draws them, Glorot uniform,
    $W_l \sim U(-a, a),\ a = \sqrt{6 / (n_{l-1} + n_l)}$, and biases at 0.

    Args:
        sizes: Width of each layer from input to output. The narrowest inner one is the
            code. Defaults to `(784, 128, 32, 128, 784)`.
        activations: One name per layer after the input. Defaults to `"relu"` for the
            hidden layers, `"linear"` for the code, `"sigmoid"` for the output.
        seed: Seed of the weights. Defaults to 0.
        dtype: `"float32"`, the default, or `"float64"`.

    Attributes:
        encoder: Layers from the input to the code.
        decoder: Layers from the code to the output.

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If there are fewer than three sizes, if the output is not as wide
            as the input, or if there is not one known activation per layer.

    Example:
        >>> model = DenseAutoencoder((4, 2, 4))
        >>> losses = train(model, np.eye(4), epochs=500, learning_rate=0.05)
        >>> model.encode(np.eye(4)).shape, model.reconstruct(np.eye(4)).round(1)[0]
        ((4, 2), array([1., 0., 0., 0.], dtype=float32))
    """

    encoder: list[Layer]
    decoder: list[Layer]

    def __init__(
        self,
        sizes: Sequence[int] = (784, 128, 32, 128, 784),
        activations: Sequence[str] | None = None,
        *,
        seed: int = 0,
        dtype: str = "float32",
    ) -> None:
        sizes = [check_count(size, "sizes") for size in sizes]
        if len(sizes) < 3 or sizes[0] != sizes[-1]:
            raise ValueError(
                "sizes must go from the input over the code to the output, which is "
                f"as wide as the input, like (784, 32, 784); got {tuple(sizes)}"
            )
        check_choice(dtype, ["float32", "float64"], "dtype")
        code = 1 + int(np.argmin(sizes[1:-1]))  # position of the narrowest
        names = _activations(activations, len(sizes) - 1, code)
        rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
        layers = []
        for n_in, n_out, name in zip(sizes, sizes[1:], names, strict=False):
            a = np.sqrt(6 / (n_in + n_out))
            weights = rng.uniform(-a, a, (n_in, n_out)).astype(dtype)
            layers.append(Layer(weights, np.zeros(n_out, dtype), name))
        self.encoder, self.decoder = layers[:code], layers[code:]

    @property
    def layers(self) -> list[Layer]:
        """All layers, from input to output."""
        return self.encoder + self.decoder

    @property
    def parameters(self) -> list[np.ndarray]:
        """Weights and bias of each layer in turn; changed in place by `train`."""
        return [p for layer in self.layers for p in (layer.weights, layer.bias)]

    def encode(self, x: Any) -> np.ndarray:
        """Return the codes of `x`, shape `(n, latent)`."""
        return forward(self.encoder, _as_inputs(self.encoder, x))[-1]

    def decode(self, z: Any) -> np.ndarray:
        """Return what the decoder makes of the codes `z`, shape `(n, pixels)`."""
        return forward(self.decoder, _as_inputs(self.decoder, z, "z"))[-1]

    def reconstruct(self, x: Any) -> np.ndarray:
        """Return `decode(encode(x))`, shape of `x`."""
        return self.decode(self.encode(x))


def forward(layers: Sequence[Layer], x: np.ndarray) -> list[np.ndarray]:
    r"""Send a batch through the layers, and keep what each puts out.

    $$ h_0 = x, \qquad h_l = f_l(h_{l-1} W_l + b_l) $$

    Args:
        layers: Layers that fit together.
        x: Inputs, shape `(batch, inputs of the first layer)`.

    Returns:
        `[h_0, h_1, ...]`, one more than there are layers; each `(batch, units)`.

    Example:
        >>> double = Layer(2 * np.eye(2), np.zeros(2), "linear")
        >>> [h.tolist() for h in forward([double, double], np.array([[1.0, 3.0]]))]
        [[[1.0, 3.0]], [[2.0, 6.0]], [[4.0, 12.0]]]
    """
    h = [x]
    for weights, bias, activation in layers:
        a = h[-1] @ weights + bias  # (batch, units)
        h.append(ACTIVATIONS[activation].value(a))
    return h


def backward(
    layers: Sequence[Layer], h: Sequence[np.ndarray], x: np.ndarray
) -> list[np.ndarray]:
    r"""Gradients of the mean squared error per pixel, by backpropagation.

    $$ \frac{\partial L}{\partial \hat x} = \frac{2}{nd} (\hat x - x), \qquad
       \delta_l = \frac{\partial L}{\partial h_l} \odot f_l', $$
    $$ \frac{\partial L}{\partial W_l} = h_{l-1}^\top \delta_l, \qquad
       \frac{\partial L}{\partial b_l} = \sum_i \delta_{l,i}, \qquad
       \frac{\partial L}{\partial h_{l-1}} = \delta_l W_l^\top $$

    Args:
        layers: The layers that `forward` went through.
        h: What it returned; the last entry is the reconstruction.
        x: What the reconstruction should be, shape `(n, d)`.

    Returns:
        One gradient for each weight and bias, in the order of
        `DenseAutoencoder.parameters`.

    Example:
        >>> layers = [Layer(np.array([[3.0]]), np.zeros(1), "linear")]
        >>> x = np.array([[1.0]])
        >>> backward(layers, forward(layers, x), x)  # of (3 - 1)², by weight and bias
        [array([[4.]]), array([4.])]

    Source: Rumelhart, Hinton & Williams, "Learning representations by
    back-propagating errors", Nature 323, 1986.
    """
    gradients: list[np.ndarray] = []
    dh = 2 / x.size * (h[-1] - x)  # (n, d)
    for (weights, _, activation), h_in, h_out in zip(
        reversed(layers), reversed(h[:-1]), reversed(h[1:]), strict=True
    ):
        delta = dh * ACTIVATIONS[activation].slope(h_out)  # (n, units)
        gradients = [h_in.T @ delta, delta.sum(axis=0), *gradients]
        dh = delta @ weights.T
    return gradients


@np.errstate(over="ignore", invalid="ignore")  # the loss says so, in words
def train(
    autoencoder: DenseAutoencoder,
    x: Any,
    *,
    rule: Any = "adam",
    epochs: int = 10,
    batch_size: int = 256,
    tolerance: float = 0.0,
    shuffle: bool = True,
    seed: int = 0,
    **hyper: float,
) -> list[float]:
    """Train on `x`, in place, until the loss is small enough.

    Args:
        autoencoder: What to train.
        x: Samples, shape `(n, pixels)`, in the range of the output activation.
        rule: A name in `aebook.optim.RULES`, or anything with its `init` and `update`.
            Defaults to `"adam"`.
        epochs: Most passes over `x`. Defaults to 10.
        batch_size: Samples a step. Defaults to 256.
        tolerance: Stop after the first epoch with a loss of at most this. Defaults to
            0: all epochs.
        shuffle: Whether each epoch takes the samples in a new order. Defaults to True.
        seed: Seed of that order. Defaults to 0.
        **hyper: Settings of the rule, such as `learning_rate`.

    Returns:
        The loss of each epoch: mean squared error per pixel, mean over its batches as
        they were met, while the weights moved.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If `x` is empty, not finite, of another width or beyond what the
            output can reach, or if a setting is out of range.
        FloatingPointError: If the loss is no longer finite.

    Example:
        >>> x = np.random.default_rng(0).random((64, 4))
        >>> losses = train(DenseAutoencoder((4, 2, 4)), x, epochs=3, batch_size=16)
        >>> len(losses), losses[2] < losses[0]
        (3, True)
    """
    samples = _as_inputs(autoencoder.layers, x, reach=True)
    epochs = check_count(epochs, "epochs")
    batch_size = check_count(batch_size, "batch_size")
    tolerance = check_between(tolerance, "tolerance", low=0)
    rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
    rule = _as_rule(rule)
    states, losses = [rule.init(w) for w in autoencoder.parameters], []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for x in _batches(samples, batch_size, rng if shuffle else None):
            # 1. The input x enters.
            # 2. It goes through the hidden layer
            encoded = forward(autoencoder.encoder, x)
            # 3. and is compressed to the code.
            code = encoded[-1]
            # 4. The code goes through the hidden layer of the decoder,
            decoded = forward(autoencoder.decoder, code)
            # 5. whose output layer puts out the reconstruction.
            x_hat = decoded[-1]
            # 6. The loss compares output and input.
            loss = np.mean((x_hat - x) ** 2)
            _check_loss(loss, epoch)
            # 7. Backpropagation finds the gradients, the rule updates the weights.
            gradients = backward(autoencoder.layers, [*encoded, *decoded[1:]], x)
            for i, w in enumerate(autoencoder.parameters):
                step, states[i] = rule.update(gradients[i], states[i], w, **hyper)
                w += step
            total += float(loss) * len(x)
        losses.append(total / len(samples))
        # 8. All again, until the loss is below the threshold.
        if losses[-1] <= tolerance:
            break
    return losses


def _batches(
    samples: np.ndarray, batch_size: int, rng: np.random.Generator | None
) -> Iterator[np.ndarray]:
    order = np.arange(len(samples)) if rng is None else rng.permutation(len(samples))
    for start in range(0, len(samples), batch_size):
        yield samples[order[start : start + batch_size]]


def _activations(names: Sequence[str] | None, count: int, code: int) -> list[str]:
    if names is None:
        names = ["relu"] * count
        names[code - 1], names[-1] = "linear", "sigmoid"
    if isinstance(names, str) or len(names) != count:
        raise ValueError(
            f"activations must be one name per layer after the input, {count}, "
            f"got {names!r}"
        )
    return [check_choice(name, ACTIVATIONS, "activation") for name in names]


def _as_inputs(
    layers: Sequence[Layer], x: Any, name: str = "x", reach: bool = False
) -> np.ndarray:
    """Check `x`; return it in the precision of the weights."""
    weights = layers[0].weights
    low, high = ACTIVATIONS[layers[-1].activation].reach if reach else (None, None)
    as_samples(x, (len(weights),), name=name, low=low, high=high)
    return np.asarray(x, weights.dtype)


def _as_rule(rule: Any) -> Any:
    if not isinstance(rule, str):
        return rule
    return RULES[check_choice(rule, RULES, "rule")]


def _check_loss(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise FloatingPointError(
            f"the loss is {loss} in epoch {epoch}: the steps are too long; "
            "train anew with a lower learning_rate"
        )
