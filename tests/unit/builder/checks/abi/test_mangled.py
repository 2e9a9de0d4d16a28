"""What mangled names are about."""

import pytest

from kernel_builder.checks.abi.mangled import is_of_cxx_library, mentions_torch, mentions_unstable_torch


@pytest.mark.parametrize(
    "name",
    [
        "_ZN3c105ErrorD1Ev",  # c10::Error::~Error()
        "_ZNK3c106IValue23reportToTensorTypeErrorEv",
        "_ZTVN3c105ErrorE",  # vtable for c10::Error
        "_ZTIN3c105ErrorE",
        "_ZlsRSoN3c1010DeviceTypeE",  # operator<<(std::ostream&, c10::DeviceType)
        "_ZNR5torch7Library4_defEON3c1014FunctionSchemaE",
        "_ZNSt6vectorIN2at6TensorESaIS1_EE9push_backERKS1_",
        "_ZN6caffe28TypeMeta26error_unsupported_typemetaES0_",
        "_Z3useRKN2at6TensorE",
        "_ZThn16_N5torch8autograd4NodeD0Ev",
        "_ZNKR3c108optionalE",
    ],
)
def test_names_of_torch(name: str) -> None:
    """A name of Torch is seen wherever it stands: as the scope, in an argument, in the name of a vtable."""
    assert mentions_torch(name)
    assert mentions_unstable_torch(name)


@pytest.mark.parametrize(
    "name",
    [
        "_ZN5torch6stable6TensorC1Ev",
        "_ZN5torch10headeronly4HalfC1Ef",
        "_Z3useN5torch6stable6TensorE",
        "_ZN5torch6stable6detail4makeENS0_6TensorE",
        "_ZN5torch6stable4makeENS_10headeronly6LayoutE",
    ],
)
def test_names_of_the_stable_abi(name: str) -> None:
    """Names of the stable ABI are of Torch, and no other."""
    assert mentions_torch(name)
    assert not mentions_unstable_torch(name)


def test_a_name_that_stands_for_another() -> None:
    """A namespace that is named again, by number, is seen too: here torch::Library after torch::stable."""
    assert mentions_unstable_torch("_ZN5torch6stable3useERNS_7LibraryE")


@pytest.mark.parametrize(
    "name",
    [
        "aoti_torch_empty",
        "_Z5torchv",
        "_ZN3c1xE",
        "_ZN4c1005ErrorE",
        "_ZN6kernel4atomE",
        "_ZN5torchx1fEv",
        "_ZN2at"[:3],
    ],
)
def test_names_of_others(name: str) -> None:
    """A name that only looks alike is not of Torch."""
    assert not mentions_torch(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_ZNSt10filesystem6statusERKNS_7__cxx114pathE", True),
        ("_ZSt4cout", True),
        ("_ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm", True),
        ("_ZTVSt9exception", True),
        ("_ZTINSt6thread6_StateE", True),
        ("_ZNSs4_Rep20_S_empty_rep_storageE", True),
        ("_ZNSo5writeEPKcl", True),
        ("_Z3useSt6vectorIiSaIiEE", False),
        ("_ZN2my3useESt4pairIiiE", False),
        ("_Znwm", False),
        ("memcpy", False),
    ],
)
def test_names_of_the_cxx_library(name: str, expected: bool) -> None:
    """A symbol is of the C++ library when its scope is `std`, not when only its arguments are."""
    assert expected == is_of_cxx_library(name)
