"""The manifests of deploy/kubernetes: each is one of Kubernetes' by its schema, and what they name of each other is there.

No cluster is here. Where kubectl is, it builds what would be applied.
"""

import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from core.runtime.settings.configuration import load_settings
from guildway.cli import main
from guildway.commands import app
from shardctl.commands import app as shardctl_app
from tests.support.kubernetes_schemas import schema_of

FOLDER = Path(__file__).parents[4] / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    manifest for name in KUSTOMIZATION["resources"] for manifest in yaml.safe_load_all((FOLDER / name).read_text())
]
BY_KIND = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in MANIFESTS}
PODS = {name: manifest["spec"]["template"] for (_, name), manifest in BY_KIND.items() if "template" in manifest["spec"]}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
def test_manifest_is_one_of_its_kind(manifest: dict[str, Any]) -> None:
    jsonschema.validate(manifest, schema_of(manifest))


@pytest.mark.parametrize("name", PODS)
def test_pod_may_do_little_and_asks_for_what_it_needs(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert not spec["enableServiceLinks"], "GUILDWAY_PORT would be an unknown setting"
    volumes = {volume["name"] for volume in spec["volumes"]}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        ports = {port["name"] for port in container.get("ports", ())}
        probes = [container[probe]["httpGet"]["port"] for probe in container if probe.endswith("Probe")]
        assert set(probes) <= ports
        assert len(probes) in (0, 3)


def test_what_manifests_name_of_each_other_is_there() -> None:
    for (kind, name), manifest in BY_KIND.items():
        spec = manifest["spec"]
        match kind:
            case "Service":
                (pod,) = (pod for pod in PODS.values() if pod["metadata"]["labels"] == spec["selector"])
                ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
                assert {port["targetPort"] for port in spec["ports"]} <= ports
            case "HorizontalPodAutoscaler":
                target = spec["scaleTargetRef"]
                assert BY_KIND[target["kind"], target["name"]]["apiVersion"] == target["apiVersion"]
                assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
            case "PodDisruptionBudget":
                assert spec["selector"]["matchLabels"] == PODS[name]["metadata"]["labels"]
            case "Ingress":
                for path in spec["rules"][0]["http"]["paths"]:
                    service = path["backend"]["service"]
                    ports = {port["name"] for port in BY_KIND["Service", service["name"]]["spec"]["ports"]}
                    assert service["port"]["name"] in ports
            case "Deployment" | "StatefulSet":
                assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
                assert spec["replicas"] >= 2
                assert ("PodDisruptionBudget", name) in BY_KIND
    assert ("Service", BY_KIND["StatefulSet", "worker"]["spec"]["serviceName"]) in BY_KIND


def test_worker_has_more_time_to_end_than_its_drain_takes() -> None:
    spec = PODS["worker"]["spec"]
    drain = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert drain.startswith('shardctl drain "$NAME" --timeout ')
    assert int(drain.rpartition(" ")[2]) + 15 <= spec["terminationGracePeriodSeconds"]


def test_commands_and_settings_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(environ={}, flags={"config": str(FOLDER / "settings.toml")})
    assert settings.metrics.port == 8082
    for name, pod in PODS.items():
        container = pod["spec"]["containers"][0]
        named = {each["name"]: each.get("value", "10.0.0.1") for each in container["env"]}
        environ = {key: value for key, value in named.items() if key.startswith("GUILDWAY_")} | {
            "GUILDWAY_CONFIG": str(FOLDER / "settings.toml")
        }
        assert load_settings(environ=environ, flags={"data": None}) is not None, name
    for words in (["run", "--role", "api", "--name", "api-5b7f-x"], ["migrate"]):
        assert callable(app(words, standalone_mode=False))
    for words in (["drain", "worker-0", "--timeout", "160"], ["undrain", "worker-0"], ["controller"]):
        assert callable(shardctl_app(words, standalone_mode=False))
    text = "".join((FOLDER / name).read_text() for name in KUSTOMIZATION["resources"])
    for command in (
        "guildway run --role api",
        "guildway run --role worker",
        "[shardctl, controller]",
        "args: [migrate]",
    ):
        assert command in text
    assert main(["version"]) == 0


def test_kustomization_names_files_that_are_there() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(KUSTOMIZATION["resources"]) == files
    for made in KUSTOMIZATION["configMapGenerator"]:
        for pair in made["files"]:
            assert (FOLDER / pair.partition("=")[2]).is_file()
    images = {container["image"] for pod in PODS.values() for container in chain(pod["spec"]["containers"])}
    assert images == {image["name"] for image in KUSTOMIZATION["images"]}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_builds_it() -> None:
    built = subprocess.run(["kubectl", "kustomize", str(FOLDER)], check=True, capture_output=True, text=True)
    assert len(list(yaml.safe_load_all(built.stdout))) == len(MANIFESTS) + 1, "and the settings"
