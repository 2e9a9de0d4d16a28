"""`metadata.json` with anything in it: 10,000 documents."""

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version
from support.metadata import FULL

from kernels.errors import MetadataError
from kernels.metadata import Metadata

#: What stands in places where it has no business, each as the text of a JSON value or nearly.
_ODD = [
    *["null", "true", "0", "-1", "1.0", "-0", "1e999", "NaN", "Infinity", "-Infinity", "0x10", ",", "'x'", "[", "}"],
    *("", "9" * 400, "1" + "0" * 4299, "9" * 5000),
    *("[" * depth + "]" * depth for depth in (60, 900, 50_000)),
    '{"a":' * 300 + "1" + "}" * 300,
    *('"\\ud800"', '"\udcff"', '"\\ud83d\\ude00"', '"\\u0000"'),
    *map(json.dumps, ["", " ", "x\n", "caf\u00e9", "x" * 300, "my-kernel", "k" * 5000, "1.2.3", "9" * 5000 + ".0.0"]),
    *map(json.dumps, ["json", "torch", "os", "__main__", "../x", "a.b", "class", "None", "o/r", "id"]),
    *map(json.dumps, ["__proto__", "__class__", "__dict__", "constructor"]),
    *map(json.dumps, ["cuda", "cpu", "CUDA", "sha256", "sha512", "md5", "f" * 64]),
    *map(json.dumps, [[], {}, [[]], [{}], ["einops"], {"version": "1"}, {"commit": "f" * 40, "dirty": True}]),
]


@dataclass
class _Container:
    """An object or an array as it is written: entries of a key's text, empty in an array, and a value."""

    is_object: bool
    entries: list[tuple[str, "_Container | str"]] = field(default_factory=list)

    @classmethod
    def of(cls, value: object) -> "_Container | str":
        if isinstance(value, dict):
            return cls(True, [(json.dumps(key), cls.of(one)) for key, one in value.items()])
        if isinstance(value, list):
            return cls(False, [("", cls.of(one)) for one in value])
        return json.dumps(value)

    def all(self) -> "list[_Container]":
        return [self, *(one for _, value in self.entries if isinstance(value, _Container) for one in value.all())]

    def __str__(self) -> str:
        if self.is_object:
            return "{" + ",".join(f"{key}:{value}" for key, value in self.entries) + "}"
        return "[" + ",".join(str(value) for _, value in self.entries) + "]"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
).map(json.dumps)
_values = st.sampled_from(_ODD) | st.integers().map(str) | st.text().map(json.dumps)
_keys = st.sampled_from(
    list(map(json.dumps, [*FULL, "type", "archs", "commit", "sha", "dirty", "version", "__proto__", "__class__", ""]))
)


@st.composite
def _near_documents(draw: st.DrawFn) -> str:
    """A valid document in which one to three places have been changed."""
    document = _Container.of(FULL)
    assert isinstance(document, _Container)
    for _ in range(draw(st.integers(1, 3))):
        containers = document.all()
        entries, place = draw(
            st.sampled_from([(one.entries, n) for one in containers for n in range(len(one.entries))])
        )
        key, value = entries[place]
        change = draw(st.sampled_from(["value", "value", "key", "more", "less"]))
        if change == "value":
            entries[place] = (key, draw(_values))
        elif change == "key":
            entries[place] = (draw(_keys), value)
        elif change == "more":
            entries.insert(place, (draw(_keys), draw(_values)))
        else:
            del entries[place]
    return str(document)


def _outcome(document: bytes | str) -> str:
    """What becomes of a document; fails when that is neither an error of ours nor metadata that can be used."""
    try:
        metadata = Metadata.parse(document)
    except MetadataError as error:
        str(error).encode()  # it can be printed
        return "refused"
    assert metadata.id.isidentifier()
    assert metadata.python_name.isidentifier()
    assert repr(metadata).encode()
    assert hash((metadata.backend, metadata.kernel_depends))
    assert Version(metadata.kernels_minver or "0") >= Version("0")
    assert metadata == Metadata.parse(document)
    assert json.dumps(dataclasses.asdict(metadata), ensure_ascii=False, allow_nan=False).encode()
    return "taken in"


def _feed(documents: st.SearchStrategy[bytes | str], count: int) -> Counter[str]:
    """The outcomes of that many documents, the same ones in every run."""
    outcomes: Counter[str] = Counter()

    @settings(max_examples=count, derandomize=True, deadline=None, database=None)
    @given(documents)
    def feed(document: bytes | str) -> None:
        outcomes[_outcome(document)] += 1

    feed()
    return outcomes


def test_documents_that_are_nearly_right() -> None:
    """A document with some places changed is refused, or taken in when that does no harm; both happen often."""
    encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
    encoded = st.builds(lambda text, code: text.encode(code, "surrogatepass"), _near_documents(), encodings)

    outcomes = _feed(_near_documents() | encoded, 6500)

    assert ["refused", "taken in"] == sorted(outcomes)
    assert min(outcomes.values()) > 1000


def test_other_json() -> None:
    """JSON that is something else is refused."""
    assert ["refused"] == list(_feed(_json | _values, 2500))


def test_bytes() -> None:
    """Bytes that are no document are refused."""
    assert ["refused"] == list(_feed(st.binary(), 1000))
