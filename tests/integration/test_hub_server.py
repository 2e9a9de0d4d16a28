"""The Hub of the tests, as the real client sees it: accounts, the record of requests, the network."""

import http.client
import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.hf_api import HfApi
from support.hub import HubServer, client_environment

REPO = "org/name"
NATIVE = bytes(range(256)) * 4
FILES = {"README.md": b"# A kernel\n", "build/cpu/__init__.py": b"value = 1\n", "build/cpu/ops.so": NATIVE}


def test_trusted_publishers(hub_client: HubServer) -> None:
    """Organizations say whether they are trusted, kernels repeat it, and users have no organization overview."""
    hub_client.user("someone", trusted=True)
    hub_client.trust("org")
    for repo_id in (REPO, "other/name", "someone/name"):
        hub_client.create_repo(repo_id)

    def trusted(name: str) -> tuple[bool, bool]:
        kernel, organization = HfApi().kernel_info(f"{name}/name"), HfApi().get_organization_overview(name)
        return vars(kernel)["trustedKernelPublisher"], vars(organization)["trustedKernelPublisher"]

    assert (True, True) == trusted("org")
    assert (False, False) == trusted("other")
    assert vars(HfApi().kernel_info("someone/name"))["trustedKernelPublisher"]
    assert "someone" == HfApi().get_user_overview("someone").username
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().get_organization_overview("someone")
    assert 404 == caught.value.response.status_code
    hub_client.trust("org", trusted=False)
    assert (False, False) == trusted("org")


def test_whoami(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token belongs to a user, who can write below every organization."""
    hub.create_repo(REPO)
    client_environment(monkeypatch, hub, tmp_path, token=hub.user("someone"))

    document = HfApi().whoami()

    assert ("someone", ["org"]) == (document["name"], [org["name"] for org in document["orgs"]])
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi().whoami("hf_unknown")


def test_publish(hub_client: HubServer, tmp_path: Path) -> None:
    """The build trees of a project replace those on `main` and go to the branch of their version."""
    for name in ("build/old/sub/a.py", "build/CARD.md", "src/a.cpp", "build/old/__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    first = hub_client.publish(tmp_path, REPO)
    (tmp_path / "build" / "old").rename(tmp_path / "build" / "new")

    second = hub_client.publish(tmp_path, REPO, version=2)

    def files(revision: str) -> list[str]:
        return HfApi().list_repo_files(REPO, repo_type="kernel", revision=revision)[1:]

    assert ["build/old/sub/a.py"] == files("v1") == files(first)
    assert ["build/new/sub/a.py"] == files("v2") == files(second)
    assert ["build/new/sub/a.py"] == files("main")


def test_record_of_requests(hub_client: HubServer) -> None:
    """Each request is remembered with its method, path, query, user agent, status and the bytes of both bodies."""
    hub_client.commit(REPO, "feature/x", {"a b.so": NATIVE})
    api = HfApi(user_agent="tests/1.0")
    api.list_repo_refs(REPO, repo_type="kernel", include_pull_requests=True)
    huggingface_hub.hf_hub_download(REPO, "a b.so", repo_type="kernel", revision="feature/x", user_agent="tests/1.0")
    api.get_paths_info(REPO, "a b.so", repo_type="kernel", revision="feature/x")

    refs, head, get, paths = hub_client.requests

    assert ("GET", f"/api/kernels/{REPO}/refs", {"include_prs": "1"}) == (refs.method, refs.path, refs.query)
    assert ("HEAD", f"/kernels/{REPO}/resolve/feature/x/a b.so", 200, 0) == (
        head.method,
        head.path,
        head.status,
        head.sent,
    )
    assert ("GET", len(NATIVE)) == (get.method, get.sent)
    assert paths.received == len(b"paths=a+b.so&expand=false")
    assert all("tests/1.0" in seen.user_agent for seen in (refs, head, get))
    assert [refs] == hub_client.requests_for("* */refs")
    hub_client.clear_requests()
    assert [] == hub_client.requests


def test_connections_are_kept(hub: HubServer) -> None:
    """Requests of one client go over one connection."""
    connection = http.client.HTTPConnection(hub.endpoint.removeprefix("http://"), timeout=60)
    ports = set()
    for path in ("/api/kernels", "/nothing", "/api/kernels"):
        connection.request("GET", path)
        connection.getresponse().read()
        ports.add(connection.sock.getsockname()[1])
    connection.close()

    assert 1 == len(ports)


def test_network_down_and_up(hub_client: HubServer) -> None:
    """When the network is down connections are refused; when it is up again the Hub is where and what it was."""
    commit = hub_client.commit(REPO, "v1", FILES)
    endpoint = hub_client.endpoint

    hub_client.stop()
    with pytest.raises(Exception, match="Connection refused"):
        HfApi().kernel_info(REPO, revision="v1")
    hub_client.start()

    assert commit == HfApi().kernel_info(REPO, revision="v1").sha
    assert endpoint == hub_client.endpoint


def test_offline(hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is told to stay offline asks nothing and finds what it has."""
    hub_client.commit(REPO, "v1", FILES)
    online = huggingface_hub.hf_hub_download(REPO, "README.md", repo_type="kernel", revision="v1")

    client_environment(monkeypatch, hub_client, tmp_path / "hf", offline=True)

    assert online == huggingface_hub.hf_hub_download(REPO, "README.md", repo_type="kernel", revision="v1")
    with pytest.raises(OfflineModeIsEnabled):
        HfApi().kernel_info(REPO)
    assert [] == hub_client.requests


def test_latency(hub_client: HubServer) -> None:
    """A slow Hub is too slow for a client that does not wait."""
    hub_client.create_repo(REPO)
    hub_client.latency = 600

    with pytest.raises(Exception, match="timed out"):
        HfApi().kernel_info(REPO, timeout=0.01)


def test_environment_of_a_new_process(hub: HubServer, tmp_path: Path) -> None:
    """A process that is started with the variables talks to the Hub and keeps its files where they say."""
    hub.commit(REPO, "v1", FILES)
    code = (
        "import huggingface_hub\n"
        f"print(huggingface_hub.hf_hub_download({REPO!r}, 'README.md', repo_type='kernel', revision='v1'))"
    )

    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **hub.env(tmp_path)},
        text=True,
        capture_output=True,
        check=True,
    )

    assert "# A kernel\n" == Path(result.stdout.strip()).read_text()
    assert (tmp_path / "hub" / "kernels--org--name") in Path(result.stdout.strip()).parents


def test_by_hand(tmp_path: Path) -> None:
    """The command serves the projects that it is given and says which variables to set."""
    (tmp_path / "build" / "cpu").mkdir(parents=True)
    (tmp_path / "build" / "cpu" / "__init__.py").write_text("value = 1\n")
    command = [sys.executable, "-m", "support.hub", "--port", "0", "--trust", "org", "--repo", f"{REPO}@v3={tmp_path}"]
    tests = Path(__file__).parents[1]

    with subprocess.Popen(command, cwd=tests, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "A Hub listens. In another shell:\n" == server.stdout.readline()
        endpoint = server.stdout.readline().strip().removeprefix("export HF_ENDPOINT=")
        info = vars(HfApi(endpoint=endpoint).kernel_info(REPO, revision="v3"))
        server.terminate()
        _, log = server.communicate(timeout=60)

    assert (REPO, True) == (info["id"], info["trustedKernelPublisher"])
    assert 0 == server.returncode
    assert f"GET /api/kernels/{REPO}/revision/v3 200" in log


def test_by_hand_without_a_build(tmp_path: Path) -> None:
    """A project that is not built is an error that says so."""
    result = subprocess.run(
        [sys.executable, "-m", "support.hub", "--repo", f"{REPO}={tmp_path}"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 2 == result.returncode
    assert "build the project first" in result.stderr
