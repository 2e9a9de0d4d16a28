"""The newest transformers works with this loader through its own entry points, on the CPU."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.fresh import forget_kernels
from support.hub import HubServer
from support.reference import make_stand_in

import kernels
from kernels import LayerRepository, LocalLayerRepository, Mode, get_loaded_kernels, unkernelize, use_kernel_mapping

transformers = pytest.importorskip("transformers", reason="this transformers needs Python 3.11")

SOURCES = {path.name: path.read_text("utf-8") for path in (Path(__file__).parent / "transformers_kernel").glob("*.py")}
REPO = "kernels-community/for-transformers"
TOKENS = torch.arange(12)[None]
#: What is called for `TOKENS`, in a model of two layers.
NORMS = ["RMSNorm"] * 5
ROTATIONS = ["apply_rotary_transformers"] * 2

Publish = Callable[..., str]


@pytest.fixture(scope="module")
def hub_kernels() -> Any:
    """The module in which transformers uses this package."""
    return importlib.import_module("transformers.integrations.hub_kernels")


@pytest.fixture
def publish(hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publish the kernel as a repository of a trusted publisher; gives the commit of its version."""
    forget_kernels(monkeypatch)
    hub_client.trust("kernels-community")

    def publish_kernel(repo_id: str = REPO, version: int = 1, **files: str) -> str:
        contents = {**SOURCES, **{f"{name}.py": text for name, text in files.items()}}
        project = make_stand_in(tmp_path / f"{repo_id}-{version}", repo_id.rpartition("/")[2], contents)
        return hub_client.publish(project, repo_id, version)

    return publish_kernel


@pytest.fixture(autouse=True)
def _own_mapping() -> Iterator[None]:
    """What transformers registers is registered for the length of a test."""
    with use_kernel_mapping({}, inherit_mapping=False):
        yield


@pytest.fixture
def model() -> Iterator[Any]:
    """A small model with weights that are not all alike; its functions, which all models share, lose their kernels."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        attn_implementation="eager",
    )
    llama = transformers.LlamaForCausalLM(config).eval()
    for name, parameter in llama.named_parameters():
        if "norm" in name:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    yield llama
    unkernelize(llama)


def _logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(TOKENS).logits


def _kernelized(model: Any) -> list[Any]:
    """The modules of a model that have a kernel."""
    return [module for module in model.modules() if "forward" in vars(module)]


def _calls(repo_id: str | None = REPO) -> list[str]:
    """What was called of the kernel that was loaded last from a repository, or from a folder."""
    module = next(
        kernel.module
        for kernel in reversed(get_loaded_kernels())
        if (kernel.repo_info.repo_id if kernel.repo_info else None) == repo_id
    )
    called = sorted(module.calls)
    module.calls.clear()
    return called


def test_transformers_takes_this_loader_for_its_own(hub_kernels: Any) -> None:
    """The version is in the window that transformers wants, and what it imports are our objects."""
    assert transformers.utils.import_utils.is_kernels_available()
    for name in ("KernelizeFallback", "LayerRepository", "Mode", "register_kernel_mapping"):
        assert getattr(kernels, name) is getattr(hub_kernels, name)
    assert kernels.get_kernel is hub_kernels.get_kernel_hub


def test_the_default_mapping_leaves_a_model_on_the_cpu_as_it_is(
    hub_kernels: Any, model: Any, hub_client: HubServer
) -> None:
    """The mapping of transformers registers, has nothing for this model on the CPU, and nobody is asked for it."""
    expected = _logits(model)
    model.set_use_kernels(True)
    layers = {module.kernel_layer_name for module in model.modules() if hasattr(module, "kernel_layer_name")}
    assert layers <= hub_kernels.get_kernel_mapping_transformers().keys()
    assert (True, [], []) == (torch.equal(expected, _logits(model)), _kernelized(model), hub_client.requests)


def test_a_model_uses_a_layer_of_a_folder(model: Any, tmp_path: Path) -> None:
    """A kernelized model computes the same, with the layer of the kernel in each place."""
    expected = _logits(model)
    folder = make_stand_in(tmp_path / "kernel", "local", SOURCES)
    layer = LocalLayerRepository(repo_path=folder, layer_name="RMSNorm")
    with use_kernel_mapping({"RMSNorm": {"cpu": {Mode.INFERENCE: layer}}}):
        model.use_kernels = True
    torch.testing.assert_close(_logits(model), expected)
    assert NORMS == _calls(None)


def test_a_model_uses_a_layer_and_a_function_of_the_hub(hub_kernels: Any, model: Any, publish: Publish) -> None:
    """Layers and functions that transformers has made extensible take kernels from the Hub."""
    expected = _logits(model)
    publish()
    names = {"RMSNorm": "RMSNorm", "rotary_pos_emb": "apply_rotary_transformers"}
    mapping = {
        name: {"cpu": {Mode.INFERENCE: LayerRepository(repo_id=REPO, layer_name=layer, version=1)}}
        for name, layer in names.items()
    }
    with use_kernel_mapping(mapping):
        hub_kernels.kernelize(model)
    torch.testing.assert_close(_logits(model), expected)
    assert [*NORMS, *ROTATIONS] == _calls()


def test_a_model_that_starts_to_train_gets_the_kernels_for_that(model: Any, publish: Publish) -> None:
    """Transformers kernelizes anew when the mode changes; what is for inference only goes, and comes back."""
    publish()
    layer = LayerRepository(repo_id=REPO, layer_name="RMSNorm", version=1)
    with use_kernel_mapping({"RMSNorm": {"cpu": {Mode.INFERENCE: layer}}}):
        model.set_use_kernels(True)
        called = []
        for mode in (False, True, False):
            model.train(mode)
            _logits(model)
            called.append(_calls())
    assert [NORMS, [], NORMS] == called


@pytest.mark.parametrize(
    "layer",
    [
        LayerRepository(repo_id=REPO, layer_name="RMSNorm", version=2),
        LayerRepository(repo_id=REPO, layer_name="NoSuchNorm", version=1),
        LayerRepository(repo_id="kernels-community/missing", layer_name="RMSNorm", version=1),
        LayerRepository(repo_id="nobody/untrusted", layer_name="RMSNorm", version=1),
        LocalLayerRepository(repo_path=Path("/no/such/folder"), layer_name="RMSNorm"),
    ],
    ids=str,
)
def test_a_kernel_that_cannot_be_loaded_does_not_stop_a_model(layer: Any, model: Any, publish: Publish) -> None:
    """Whatever is wrong with a kernel, the model computes as before."""
    expected = _logits(model)
    publish()
    publish("nobody/untrusted")
    with use_kernel_mapping({"RMSNorm": {"cpu": layer}}):
        model.set_use_kernels(True)
    assert (True, []) == (torch.equal(expected, _logits(model)), _kernelized(model))


def test_a_build_for_another_system_does_not_stop_a_model(model: Any, hub_client: HubServer, publish: Publish) -> None:
    """A kernel without a build for the CPU is passed over."""
    publish()
    path = "build/torch211-cxx11-cu128-x86_64-linux/__init__.py"
    hub_client.commit(REPO, "v1", {path: ""}, delete=("build/",))
    expected = _logits(model)
    with use_kernel_mapping({"RMSNorm": {"cpu": LayerRepository(repo_id=REPO, layer_name="RMSNorm", version=1)}}):
        model.set_use_kernels(True)
    assert (True, []) == (torch.equal(expected, _logits(model)), _kernelized(model))


@pytest.fixture
def _config_for_the_cpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Transformers takes configurations for the CPU, which it otherwise refuses before it asks anybody."""
    devices = [*transformers.utils.kernel_config.KERNELS_SUPPORTED_DEVICE_TYPES, "cpu"]
    monkeypatch.setattr("transformers.utils.kernel_config.KERNELS_SUPPORTED_DEVICE_TYPES", devices)
    yield
    transformers.monkey_patching.clear_patch_mapping()


@pytest.mark.usefixtures("_config_for_the_cpu")
@pytest.mark.parametrize(("target", "layer"), [("RMSNorm", "RMSNorm"), ("LlamaRMSNorm", "StatefulRMSNorm")])
def test_a_model_is_read_with_a_kernel_config(
    target: str, layer: str, model: Any, publish: Publish, tmp_path: Path
) -> None:
    """`from_pretrained` loads the layer of a configuration, and its layout where it has one, and uses it."""
    publish()
    expected = _logits(model)
    model.save_pretrained(tmp_path / "model")
    config = transformers.KernelConfig({target: (f"{REPO}:{layer}", {"version": 1})})
    read = transformers.LlamaForCausalLM.from_pretrained(tmp_path / "model", use_kernels=True, kernel_config=config)
    torch.testing.assert_close(_logits(read), expected)
    assert [layer] * 5 == _calls()


@pytest.mark.usefixtures("_config_for_the_cpu")
def test_a_kernel_config_names_a_folder(model: Any, tmp_path: Path) -> None:
    """A configuration for a kernel of this machine uses that."""
    expected = _logits(model)
    folder = make_stand_in(tmp_path / "kernel", "local", SOURCES)
    model.set_use_kernels(True, transformers.KernelConfig({"RMSNorm": f"{folder}:RMSNorm"}, use_local_kernel=True))
    torch.testing.assert_close(_logits(model), expected)
    assert NORMS == _calls(None)


def test_transformers_says_what_it_is(hub_kernels: Any, publish: Publish, hub_client: HubServer) -> None:
    """`get_kernel` of transformers loads a kernel, by version or revision, and the Hub hears of transformers."""
    commit = publish()
    kernel = hub_kernels.get_kernel(REPO, version=1)
    assert kernel is hub_kernels.get_kernel(REPO, revision=commit, allow_all_kernels=True)
    agent = f"framework/transformers; version/{transformers.__version__}; repo_id/{REPO}; "
    assert {True} == {agent in record.user_agent for record in hub_client.requests_for("GET /api/kernels/*")}


def test_transformers_allows_other_publishers_when_told_to(hub_kernels: Any, publish: Publish) -> None:
    """A kernel of a publisher that is not trusted is loaded with `allow_all_kernels`, and not without."""
    publish("nobody/untrusted")
    with pytest.raises(ValueError, match="nobody"):
        hub_kernels.get_kernel("nobody/untrusted", version=1)
    assert hub_kernels.get_kernel("nobody/untrusted", version=1, allow_all_kernels=True).layers


def test_kernels_that_transformers_loads_when_it_needs_them(
    hub_kernels: Any, publish: Publish, hub_client: HubServer
) -> None:
    """`lazy_load_kernel` gives the kernel, and nothing where the kernel has no build for this system."""
    publish("kernels-community/nvfp4-gemm")
    publish("kernels-community/deep-gemm", 2)
    build = "build/torch211-cxx11-cu128-x86_64-linux/__init__.py"
    hub_client.commit("kernels-community/deep-gemm", "v2", {build: ""}, delete=("build/",))
    mapping: dict[str, Any] = {}
    assert "RMSNorm" in dir(hub_kernels.lazy_load_kernel("nvfp4", mapping).layers)
    assert hub_kernels.lazy_load_kernel("deep-gemm", mapping) is None
    assert ["deep-gemm", "nvfp4"] == sorted(mapping)


@pytest.fixture
def _no_flash_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transformers has not looked for flash attention yet."""
    monkeypatch.setattr("transformers.modeling_flash_attention_utils._loaded_implementation", None)


@pytest.mark.usefixtures("_no_flash_attention")
@pytest.mark.parametrize(
    ("implementation", "repo_id"),
    [
        (f"{REPO}@v1", REPO),
        ("flash_attention_2", "kernels-community/flash-attn2"),
        ("flash_attention_4", "kernels-community/flash-attn4"),
    ],
)
def test_flash_attention_of_a_kernel(
    hub_kernels: Any, implementation: str, repo_id: str, model: Any, publish: Publish
) -> None:
    """A kernel is loaded by the name of its repository, or in place of a package, and computes the attention."""
    publish(repo_id, hub_kernels.get_attn_kernel_version(repo_id))
    expected = _logits(model)
    model.set_attn_implementation(implementation)
    torch.testing.assert_close(_logits(model), expected)
    assert ["flash_attn_func"] * 2 == _calls(repo_id)


@pytest.mark.usefixtures("_no_flash_attention")
@pytest.mark.parametrize(("name", "also"), [(":flash_attn_forward", ""), ("", "\nsupports_flash_attn = True\n")])
def test_attention_interface_of_a_kernel(name: str, also: str, model: Any, publish: Publish) -> None:
    """A kernel that has the interface of transformers itself is called through it."""
    init = "from .attention import flash_attn_forward\nfrom .calls import calls\n"
    repo_id = f"{REPO}-interface"
    publish(repo_id, __init__=init + also)
    expected = _logits(model)
    model.set_attn_implementation(repo_id + name)
    torch.testing.assert_close(_logits(model), expected)
    assert ["flash_attn_forward"] * 2 == _calls(repo_id)


def test_transformers_asks_whether_there_is_flash_attention(hub_kernels: Any, publish: Publish) -> None:
    """Transformers takes a kernel that loads for one that is there, and any error for one that is not."""
    repo_id = "kernels-community/flash-attn2"
    is_available = transformers.utils.import_utils.is_flash_attn_kernel_fallback_available
    before = is_available(2)
    publish(repo_id, hub_kernels.get_attn_kernel_version(repo_id))
    assert (False, True) == (before, is_available(2))
