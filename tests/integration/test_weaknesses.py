"""What other loaders of kernels get wrong, and the tests which show that this one does not.

The tests that have no better place are here; the table has all of them.
"""

import ast
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli
from packaging.requirements import Requirement
from support.builds import make_build
from support.fresh import forget_kernels
from support.hub import HubServer, faults
from support.projects import ROOT

import kernels
from kernels.errors import HubUnreachableError

TESTS = ROOT / "tests"
_HERE = "integration/test_weaknesses.py"
_UNIT = "unit/loader"
_LAYER = f"{_UNIT}/layer"
_HUB = f"{_UNIT}/hub"
_BENCHMARK = f"{_UNIT}/benchmark"

#: What goes wrong elsewhere → the tests, by file, which show that it goes right here.
WEAKNESSES: dict[str, dict[str, str]] = {
    "1 what was loaded once cannot be loaded without a network": {
        _HERE: "test_what_was_loaded_once_works_offline test_what_was_downloaded_by_its_lock_loads_offline",
        f"{_HUB}/test_get_kernel.py": "test_offline_says_what_is_missing",
        f"{_HUB}/test_kernel_dependencies.py": "test_needed_kernels_come_out_of_the_cache",
        f"{_BENCHMARK}/test_source.py": "test_the_second_time_is_offline",
    },
    "2 the lock of the calling project is not found": {
        "integration/test_lock_projects.py": (
            "test_an_installed_project_has_the_lock_in_its_metadata "
            "test_an_editable_project_has_the_lock_of_its_source_tree "
            "test_a_project_without_a_build_system_has_the_lock_beside_it"
        ),
        "integration/test_reference_blocks.py": "test_a_block_runs",
        f"{_UNIT}/lock/test_egg_info.py": "test_setuptools_knows_of_it",
        f"{_LAYER}/test_repositories.py": "test_the_lock_is_that_of_the_code_that_makes_the_object",
        f"{_LAYER}/test_hub.py": "test_locked_layers_have_the_locked_commit",
    },
    "3 a lock of an older loader is refused, or its hashes do not count": {
        f"{_UNIT}/lock/test_format.py": "test_the_documented_file_is_read test_the_newer_form_is_read",
        "integration/test_integrity.py": "test_a_damaged_kernel_is_refused test_a_lock_holds_against_a_forged_list",
    },
    "4 every call asks the Hub, once for each layer and each file": {
        f"{_HUB}/test_get_kernel.py": "test_the_request_budget test_a_cold_load_asks_for_each_small_file_once",
        f"{_LAYER}/test_hub.py": "test_ten_layers_cost_the_requests_of_one test_a_loaded_kernel_asks_nobody",
    },
    "5 the cache is of no use when the network is down": {
        f"{_HUB}/test_get_kernel.py": "test_what_is_known_is_used_while_the_hub_is_down",
        "integration/test_downloads.py": "test_a_captive_portal_is_no_hub",
    },
    "6 a repository that has moved is not followed, or followed to anybody": {
        f"{_HUB}/test_kernel_dependencies.py": (
            "test_a_kernel_that_has_moved_is_found test_the_destination_of_a_redirect_has_to_be_trusted"
        ),
    },
    "7 the id of a kernel replaces another module": {
        f"{_UNIT}/test_importer.py": "test_ids_of_other_modules_are_refused test_importable_modules_are_not_executed",
        f"{_UNIT}/test_load.py": "test_ids_that_are_not_a_kernels_own",
        f"{_UNIT}/test_metadata.py": "test_wrong_forms_are_refused",
    },
    "8 threads import a kernel several times": {
        f"{_UNIT}/test_importer.py": "test_threads_share_one_import test_threads_survive_failures",
        f"{_UNIT}/test_load.py": "test_threads_load_once",
        f"{_HUB}/test_odd_answers.py": "test_threads_ask_once",
    },
    "9 the choice between builds depends on the hash seed": {
        f"{_UNIT}/test_resolve_rules.py": "test_the_same_decisions_in_every_process",
        f"{_UNIT}/test_variant.py": "test_preference_is_total",
    },
    "10 an import that fails leaves half a module behind": {
        f"{_UNIT}/test_importer.py": "test_a_failed_import_leaves_no_trace test_threads_leave_no_trace_of_a_failure",
        f"{_UNIT}/test_load.py": "test_a_failed_load_can_be_repeated",
    },
    "11 a device or a build that is missing is an error in spite of the fallback": {
        f"{_LAYER}/test_choosing.py": "test_an_absent_device_is_no_error test_a_kernel_without_a_build_is_no_error",
        f"{_LAYER}/test_hub.py": "test_a_device_that_is_not_here_asks_nobody",
    },
    "12 only the first class that gets a layer is validated": {
        f"{_LAYER}/test_choosing.py": "test_each_class_is_validated",
    },
    "13 registering drops other modes, or is for one thread": {
        f"{_LAYER}/test_finding.py": "test_later_registrations_add_their_modes",
        f"{_LAYER}/test_mapping.py": "test_registering_is_for_every_thread test_threads_register_at_once",
    },
    "14 the logging of the host is set up anew": {
        f"{_LAYER}/test_kernelizing.py": "test_the_hosts_logging_is_left_alone",
    },
    "15 a kernelized model is in a reference cycle, loses its kernels in a pickle, and tells and undoes nothing": {
        f"{_LAYER}/test_bound.py": (
            "test_deleted_models_are_freed_at_once test_an_unpickled_model_has_the_kernel_again "
            "test_a_saved_model_can_be_read test_a_model_can_be_read_without_its_kernel"
        ),
        f"{_LAYER}/test_kernelizing.py": "test_a_model_goes_back_exactly test_the_report_has_every_layer",
    },
    "16 the capability of some other GPU decides": {
        f"{_LAYER}/test_choosing.py": "test_capabilities_choose_by_the_models_device",
        f"{_LAYER}/test_target.py": "test_the_capability_is_that_of_the_models_device",
    },
    "17 paths as text, arguments by position and versions as text are refused": {
        f"{_UNIT}/test_signatures.py": "test_every_call_of_every_generation_is_understood",
        f"{_UNIT}/test_load.py": "test_a_project_its_builds_and_one_build_are_paths",
        f"{_HUB}/test_get_kernel.py": "test_both_generations_of_calls_work",
        f"{_LAYER}/test_repositories.py": "test_a_path_can_be_text",
    },
    "18 a user is never trusted, and whatever goes wrong is called distrust": {
        f"{_HUB}/test_get_kernel.py": "test_a_user_is_a_publisher_too",
        f"{_HUB}/test_odd_answers.py": "test_each_repository_of_a_user_has_a_mark_of_its_own",
        _HERE: "test_trouble_is_not_distrust",
    },
    "19 environment variables crash the import, or mean the working folder": {
        f"{_UNIT}/test_environment.py": "test_a_flag_is_on_or_off test_local_kernels_are_read",
        f"{_LAYER}/test_kernelizing.py": "test_kernels_can_be_switched_off test_a_switch_that_is_neither_is_an_error",
        f"{_HUB}/test_get_kernel.py": "test_the_cache_has_a_place_of_its_own test_local_kernels_come_first",
    },
    "20 kernels of the Hub cannot be benchmarked, and the numbers say little": {
        f"{_BENCHMARK}/test_source.py": "test_a_kernel_of_the_hub",
        f"{_BENCHMARK}/test_command.py": "test_a_kernel_of_the_hub",
        f"{_BENCHMARK}/test_machine.py": "test_this_machine",
        f"{_BENCHMARK}/test_runner.py": "test_a_kernel_is_verified_and_timed",
    },
    "21 signatures do not count when a kernel is loaded, and need a network": {
        f"{_HUB}/test_require_signature.py": (
            "test_a_signed_kernel_loads test_other_kernels_do_not_run test_a_loaded_kernel_is_checked_too "
            "test_a_needed_kernel_has_to_be_signed_too"
        ),
        f"{_UNIT}/test_signature.py": "test_offline_means_offline",
    },
    "22 narrow windows of versions clash": {
        _HERE: "test_nothing_newer_is_excluded",
        "integration/test_transformers.py": "test_transformers_takes_this_loader_for_its_own",
    },
    "23 minor versions of two digits are misread, and a kernel runs on GPUs that it has no code for": {
        f"{_UNIT}/test_variant.py": "test_each_form_is_read test_variants_round_trip",
        f"{_UNIT}/test_resolve_rules.py": "test_the_rules test_the_order_of_preference",
        f"{_UNIT}/test_arch.py": "test_the_rules test_the_error_says_what_to_do",
        f"{_HUB}/test_odd_answers.py": "test_an_override_can_be_loaded_without_code_for_the_gpu",
    },
    "24 it needs another Python than it says, and packages that it does not use": {
        _HERE: "test_the_oldest_python_is_the_one_that_is_checked test_every_package_that_is_needed_is_used",
    },
    "25 the network is used before the arguments are checked": {
        f"{_HUB}/test_get_kernel.py": (
            "test_arguments_are_checked_before_anybody_is_asked "
            "test_a_backend_that_is_not_here_is_refused_before_anybody_is_asked"
        ),
        f"{_LAYER}/test_repositories.py": "test_a_hub_repository_has_a_version_or_a_revision",
    },
}


def test_every_weakness_is_in_the_table() -> None:
    """They are numbered, without a gap."""
    assert [str(number) for number in range(1, 26)] == [weakness.split()[0] for weakness in WEAKNESSES]


@pytest.mark.parametrize("weakness", WEAKNESSES)
def test_the_tests_of_the_table_exist(weakness: str) -> None:
    """A test that is renamed or removed is missed here."""
    missing = []
    for file, names in WEAKNESSES[weakness].items():
        found = {node.name for node in _parse(TESTS / file).body if isinstance(node, ast.FunctionDef)}
        missing += [f"{file}::{name}" for name in names.split() if name not in found]
    assert [] == missing


def _parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


# Offline: each call is made by a process of its own, which has the cache and no network


_REPO = "org/kernel"
_VARIANTS = ["torch-universal", "torch20-cxx11-cu118-x86_64-linux", "torch-tpu"]
_CALLS: dict[str, object] = {
    "kernels.get_kernel(repo_id, version=1).value": 1,
    "kernels.get_kernel(repo_id, revision='v1').value": 1,
    "kernels.get_kernel(repo_id, revision=commit).value": 1,
    "kernels.get_locked_kernel(repo_id, lockfile=lockfile).value": 1,
    "kernels.load_kernel(repo_id, lockfile).value": 1,
    "kernels.load_kernel(repo_id, revision='v1').value": 1,
    "kernels.install_kernel(repo_id, version=1, local_files_only=True).name": _VARIANTS[0],
    "kernels.has_kernel(repo_id, version=1)": True,
    "[decision.variant.variant_str for decision in kernels.get_kernel_variants(repo_id, version=1)]": _VARIANTS,
}
#: Torch takes seconds to import and has no part in this.
_SCRIPT = """
import json, sys
sys.modules["torch"] = None
import kernels
repo_id, commit, lockfile, call = sys.argv[1:]
print(json.dumps(eval(call)))
"""


@pytest.fixture
def commit(hub: HubServer, tmp_path: Path) -> str:
    """The commit of a kernel with more than one needs: builds for other systems, a card and the like."""
    for name in _VARIANTS:
        make_build(tmp_path / "kernel" / "build" / name)
    hub.publish(tmp_path / "kernel", _REPO)
    hub.trust("org")
    return hub.commit(_REPO, "v1", {"README.md": "# A kernel\n", "benchmarks/benchmark.py": ""})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs the kernel."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'[tool.kernels.dependencies]\n"{_REPO}" = 1\n', "utf-8")
    return folder


def _run(environment: dict[str, str], *commands: tuple[str | Path, ...]) -> list[str]:
    """What commands print that run side by side, each in a new Python process."""
    processes = [
        subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    results = [(*process.communicate(), process.returncode) for process in processes]
    return [errors if failed else output for output, errors, failed in results]


def test_what_was_loaded_once_works_offline(
    client: dict[str, str], hub: HubServer, commit: str, project: Path, tmp_path: Path
) -> None:
    """After one load by the version, every way to the kernel works without a network, whichever the Hub client is."""
    lock = [{"dependency": {"repo-id": _REPO, "version": 1}, "lock": {"commit": commit}}]
    (project / "kernels.lock").write_text(json.dumps(lock), "utf-8")
    commands = [("-c", _SCRIPT, _REPO, commit, project / "kernels.lock", call) for call in _CALLS]
    online = {**client, **hub.env(tmp_path / "hf")}
    assert ["1\n"] == _run(online, commands[0])
    hub.clear_requests()
    found = _run({**online, "HF_HUB_OFFLINE": "1"}, *commands)
    assert {call: f"{json.dumps(result)}\n" for call, result in _CALLS.items()} == dict(zip(_CALLS, found, strict=True))
    assert [] == hub.requests


def test_what_was_downloaded_by_its_lock_loads_offline(
    client: dict[str, str], hub: HubServer, commit: str, project: Path, tmp_path: Path
) -> None:
    """`kernels lock` and `kernels download` on a machine with a network are all that one without needs."""
    online = {**client, **hub.env(tmp_path / "hf")}
    for command in ("lock", "download"):
        _run(online, ("-m", "kernels", command, project))
    hub.clear_requests()
    calls = [call for call in _CALLS if "lockfile" in call]
    commands = [("-c", _SCRIPT, _REPO, commit, project / "kernels.lock", call) for call in calls]
    assert (["1\n", "1\n"], []) == (_run({**online, "HF_HUB_OFFLINE": "1"}, *commands), hub.requests)


@pytest.mark.parametrize(
    "fault", [faults.Close(), faults.Drop(after=5), faults.SERVER_ERROR, faults.WrongBytes()], ids=repr
)
def test_trouble_is_not_distrust(
    hub_client: HubServer, commit: str, fault: faults.Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Hub that cannot say whether a publisher is trusted is out of reach, and nothing is said of the publisher."""
    forget_kernels(monkeypatch)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    hub_client.fail("GET */overview", fault, times=1000)
    with pytest.raises(HubUnreachableError, match="it is not known whether 'org', the publisher of org/kernel"):
        kernels.get_kernel(_REPO, version=1)
    hub_client.heal()
    assert 1 == kernels.get_kernel(_REPO, version=1).value


# What the distribution says of itself


def _requirements() -> tuple[set[Requirement], set[Requirement]]:
    """What the loader cannot do without, and what its extras need."""
    every = {Requirement(line) for line in importlib.metadata.requires("kernels") or ()}
    extra = {one for one in every if "extra" in str(one.marker)}
    return every - extra, extra


def _modules(requirements: set[Requirement]) -> set[str]:
    return {one.name.replace("-", "_") for one in requirements}


def test_nothing_newer_is_excluded() -> None:
    """A newer release of what the loader needs never makes it impossible to install."""
    assert {">="} == {bound.operator for part in _requirements() for one in part for bound in one.specifier}


def test_every_package_that_is_needed_is_used() -> None:
    """The loader needs few packages, and imports each; what else it imports are Torch and what an extra brings."""
    needed, extra = _requirements()
    imported = {
        name.partition(".")[0] for file in Path(kernels.__file__).parent.rglob("*.py") for name in _imports(file)
    }
    assert {"filelock", "huggingface_hub", "packaging", "tomli"} == _modules(needed)
    others = imported - sys.stdlib_module_names - {"kernels", "tomllib"}  # the latter is not in every Python
    assert _modules(needed | extra) | {"torch", "cryptography"} == others


def _imports(file: Path) -> list[str]:
    """The modules that a module imports, anywhere in it."""
    nodes = list(ast.walk(_parse(file)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return names + [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]


def test_the_oldest_python_is_the_one_that_is_checked() -> None:
    """The types and the syntax are checked for the Python that the distribution says it runs on."""
    oldest = importlib.metadata.metadata("kernels")["Requires-Python"].removeprefix(">=")
    tools = tomli.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert (oldest, f"py{oldest.replace('.', '')}") == (
        tools["mypy"]["python_version"],
        tools["ruff"]["target-version"],
    )
