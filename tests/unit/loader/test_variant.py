"""The names of build variants."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernels.backend import Compute, MajorMinor
from kernels.errors import VariantNameError
from kernels.variant import (
    NoarchVariant,
    Platform,
    StableAbiVariant,
    TorchVariant,
    TvmFfiVariant,
    Variant,
    parse_variant,
    preference,
)

NAMES = Path(__file__).with_name("data").joinpath("variants.txt").read_text(encoding="utf-8").split()
LINUX = Platform("x86_64", "linux")

_minors = st.integers(0, 30)
_versions = st.builds(MajorMinor, st.integers(0, 9), _minors)
_computes = st.one_of(
    st.sampled_from(["cpu", "metal", "neuron", "tpu"]).map(Compute),
    st.builds(Compute, st.just("cuda"), st.builds(MajorMinor, st.integers(10, 99), _minors)),
    st.builds(Compute, st.sampled_from(["cann", "rocm"]), st.builds(MajorMinor, st.integers(1, 9), _minors)),
    st.builds(Compute, st.just("xpu"), st.builds(MajorMinor, st.integers(2020, 2099), _minors)),
)
_platforms = st.builds(
    Platform, st.sampled_from(["x86_64", "aarch64", "riscv64"]), st.sampled_from(["linux", "darwin", "windows"])
)
_variants = st.one_of(
    st.builds(TorchVariant, _versions, _computes, _platforms, st.sampled_from([None, "cxx11", "cxx98"])),
    st.builds(StableAbiVariant, _versions, _computes, _platforms),
    st.builds(TvmFfiVariant, _versions, _computes, _platforms),
    st.builds(NoarchVariant, st.sampled_from(["cpu", "cuda", "npu", "universal"])),
)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        (
            "torch212-cxx11-cu130-x86_64-linux",
            TorchVariant(MajorMinor(2, 12), Compute("cuda", MajorMinor(13, 0)), LINUX, "cxx11"),
        ),
        (
            "torch210-metal-aarch64-darwin",
            TorchVariant(MajorMinor(2, 10), Compute("metal"), Platform("aarch64", "darwin")),
        ),
        (
            "torch-stable-abi211-rocm710-x86_64-linux",
            StableAbiVariant(MajorMinor(2, 11), Compute("rocm", MajorMinor(7, 10)), LINUX),
        ),
        ("tvm-ffi010-cpu-x86_64-linux", TvmFfiVariant(MajorMinor(0, 10), Compute("cpu"), LINUX)),
        ("torch-universal", NoarchVariant("universal")),
    ],
)
def test_each_form_is_read(name: str, variant: Variant) -> None:
    """Each form of name gives the variant that it stands for."""
    assert variant == parse_variant(name)


@pytest.mark.parametrize("name", NAMES)
def test_known_names_round_trip(name: str) -> None:
    """Every name that the reference or a known matrix holds is read and written the same."""
    variant = parse_variant(name)

    assert name == variant.variant_str
    assert name == str(variant)


@given(_variants)
def test_variants_round_trip(variant: Variant) -> None:
    """Every variant is written to a name that reads as the same variant."""
    assert variant == parse_variant(variant.variant_str)


@given(st.one_of(st.text(), _variants.map(str).flatmap(lambda name: st.text(max_size=3).map(lambda end: name + end))))
@example("torch" + "9" * 5000 + "-cpu-x86_64-linux")
@example("torch212-cxx11-cu" + "9" * 5000 + "-x86_64-linux")
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the text, it round-trips or is refused with an error of ours."""
    try:
        variant = parse_variant(text)
    except VariantNameError:
        return
    assert text == variant.variant_str


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "starts with neither"),
        ("torch", "starts with neither"),
        ("torch-", "starts with neither"),
        ("benchmarks", "starts with neither"),
        ("torch-ext", "the folder of a kernel.s sources"),
        ("torch2-cpu-x86_64-linux", "starts with neither"),
        ("torch212-cxx14-cpu-x86_64-linux", "COMPUTE-CPU-OS"),
        ("torch212-cpu-x86_64", "COMPUTE-CPU-OS"),
        ("torch212-cpu-x86_64-linux-gnu", "COMPUTE-CPU-OS"),
        ("torch212-cpu--linux", "COMPUTE-CPU-OS"),
        ("torch212-cpu-x86_64-../linux", "COMPUTE-CPU-OS"),
        ("torch201-cpu-x86_64-linux", "digits"),
        ("torch212-cuda-x86_64-linux", "unknown compute backend 'cuda'"),
        ("torch-stable-abi211-cxx11-cpu-x86_64-linux", "COMPUTE-CPU-OS"),
        ("tvm-ffi01-gpu-x86_64-linux", "unknown compute backend 'gpu'"),
    ],
)
def test_other_names_are_refused(name: str, reason: str) -> None:
    """A name that follows no form is refused, with the part that is wrong."""
    with pytest.raises(VariantNameError, match=reason):
        parse_variant(name)


@pytest.mark.parametrize(
    ("machine", "system", "platform"),
    [
        ("x86_64", "Linux", "x86_64-linux"),
        ("AMD64", "Windows", "x86_64-windows"),
        ("arm64", "Darwin", "aarch64-darwin"),
        ("aarch64", "Linux", "aarch64-linux"),
    ],
)
def test_platforms_are_normalised(machine: str, system: str, platform: str) -> None:
    """What Python says of a machine becomes the spelling of variant names."""
    assert platform == str(Platform.of(machine, system))


def test_preference_is_the_documented_order() -> None:
    """Stable ABI, Torch without and with a tag, tvm-ffi, Python only, universal; newer before older within each."""
    best_first = [
        "torch-stable-abi211-cu130-x86_64-linux",
        "torch-stable-abi211-cu128-x86_64-linux",
        "torch-stable-abi29-cu130-x86_64-linux",
        "torch210-cu128-x86_64-linux",
        "torch210-cxx11-cu1210-x86_64-linux",
        "torch210-cxx11-cu129-x86_64-linux",
        "torch29-cxx11-cu130-x86_64-linux",
        "tvm-ffi010-cpu-x86_64-linux",
        "tvm-ffi01-cu130-x86_64-linux",
        "tvm-ffi01-cpu-x86_64-linux",
        "torch-cuda",
        "torch-universal",
    ]

    assert best_first == [str(one) for one in sorted(map(parse_variant, reversed(best_first)), key=preference)]


@given(st.lists(_variants, unique=True))
def test_preference_is_total(variants: list[Variant]) -> None:
    """No two variants are equally good, so that the order never depends on how they came."""
    assert len(variants) == len(set(map(preference, variants)))
