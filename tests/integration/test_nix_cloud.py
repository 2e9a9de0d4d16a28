"""nix/cloud: the module evaluated with a stand-in for NixOS, the example for Terraform read, and nothing more."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
from support.nix import NixWorld
from support.projects import ROOT

CLOUD = ROOT / "nix" / "cloud"
TERRAFORM = CLOUD / "terraform"
KEY = "ssh-ed25519 AAAA me@laptop"


def _evaluate(nix: NixWorld, settings: str) -> subprocess.CompletedProcess[str]:
    expression = f"import {ROOT}/tests/nix/modules.nix {{ module = {CLOUD}/buildMachine.nix; settings = {settings}; }}"
    return nix.run("nix-instantiate", "--eval", "--strict", "--json", "--expr", expression)


def _config(nix: NixWorld, settings: str) -> dict[str, Any]:
    done = _evaluate(nix, settings)
    assert 0 == done.returncode, done.stderr
    config: dict[str, Any] = json.loads(done.stdout)["config"]
    return config


@pytest.mark.heavy
def test_switched_off(nix: NixWorld) -> None:
    """A machine that imports the module and does not enable it stays as it is."""
    assert {} == _config(nix, "{ }")


@pytest.mark.heavy
def test_a_build_machine(nix: NixWorld) -> None:
    """Those with a key may build, in a sandbox and without a shell of their own; nothing is served without a key."""
    config = _config(nix, f'{{ enable = true; builders = [ "{KEY}" ]; maxJobs = 4; cores = 8; }}')
    settings = config["nix"]["settings"]
    assert (True, 4, 8) == (settings["sandbox"], settings["max-jobs"], settings["cores"])
    assert {"enable": True, "write": True, "keys": [KEY]} == config["nix"]["sshServe"]
    assert ["nix-ssh"] == settings["trusted-users"]
    assert {} == config["services"]["nix-serve"]
    assert False is config["services"]["openssh"]["settings"]["PasswordAuthentication"]
    assert "--delete-older-than 30d" == config["nix"]["gc"]["options"]


@pytest.mark.heavy
def test_a_cache(nix: NixWorld) -> None:
    """With a key to sign with, what was built is served; other caches come with their keys; nobody builds uninvited."""
    caches = 'substituters."https://cache.example.org" = "cache.example.org-1:AAAA";'
    config = _config(nix, f'{{ enable = true; cache.secretKeyFile = "/key"; cache.port = 5001; {caches} }}')
    served = {"enable": True, "openFirewall": True, "port": 5001, "secretKeyFile": "/key"}
    assert served == config["services"]["nix-serve"]
    settings = config["nix"]["settings"]
    keys = (settings["substituters"], settings["trusted-public-keys"])
    assert (["https://cache.example.org"], ["cache.example.org-1:AAAA"]) == keys
    assert False is config["nix"]["sshServe"]["enable"]


@pytest.mark.heavy
def test_a_wrong_setting(nix: NixWorld) -> None:
    """The stand-in notices what is no option, so that the tests above say something."""
    done = _evaluate(nix, "{ enable = true; keys = [ ]; }")
    assert (1, True) == (done.returncode, "there is no option keys" in done.stderr)


def _read() -> dict[str, dict[str, Any]]:
    """The blocks of all files, by their kinds and names."""
    blocks: dict[str, dict[str, Any]] = {}
    for path in sorted(TERRAFORM.glob("*.tf")):
        for kind, listed in hcl2.loads(path.read_text("utf-8")).items():
            if isinstance(listed, list):
                for block in listed:
                    blocks.setdefault(kind, {}).update(block)
    return blocks


def test_terraform_variables() -> None:
    """Each variable is described, typed and used, and what is used is one."""
    variables = {name.strip('"'): block for name, block in _read()["variable"].items()}
    for name, block in variables.items():
        assert {"description", "type"} <= block.keys(), name
    text = "".join(path.read_text("utf-8") for path in TERRAFORM.glob("*.tf"))
    assert variables.keys() == set(re.findall(r"\bvar\.(\w+)", text))


def test_terraform_blocks() -> None:
    """What is made: one machine, one group of rules, nothing else."""
    blocks = _read()
    assert ["aws_instance", "aws_security_group"] == sorted(name.strip('"') for name in blocks["resource"])
    assert {"address", "builders"} == {name.strip('"') for name in blocks["output"]}


@pytest.mark.heavy
def test_the_configuration_of_the_machine(nix: NixWorld, tmp_path: Path) -> None:
    """The template gets exactly what main.tf hands it, and is an expression of Nix when it is filled in."""
    text = (TERRAFORM / "configuration.nix.tftpl").read_text("utf-8")
    values = {"release": "25.11", "revision": "0" * 40, "revision_sha256": "0" * 52}
    lists = {"admin_keys": [KEY], "builder_keys": [KEY, KEY]}
    main = (TERRAFORM / "main.tf").read_text("utf-8")
    given = set(re.findall(r"(?m)^    (\w+) += var\.\w+$", main.split("templatefile(")[1].split("})")[0]))
    assert {*values, *lists} == given

    def fill(match: re.Match[str]) -> str:
        return "".join(f"    {json.dumps(key)}\n" for key in lists[match[1]])

    text = re.sub(r"(?s)%\{ for key in (\w+) ~\}\n.*?%\{ endfor ~\}\n", fill, text)
    text = re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)
    assert "%{" not in text
    path = tmp_path / "configuration.nix"
    path.write_text(text, "utf-8")
    parsed = nix.run("nix-instantiate", "--parse", path)
    assert (0, 3) == (parsed.returncode, parsed.stdout.count(KEY)), parsed.stderr
    assert text.startswith("### https://nixos.org/channels/nixos-25.11 nixos\n")


def test_options_are_described() -> None:
    """Every option says what it is for."""
    text = (CLOUD / "buildMachine.nix").read_text("utf-8")
    assert text.count("mkOption {") == text.count("description = ") >= 8
