"""The gateway's addresses of a cluster."""

from core.shards.worker import Worker, WorkerAddresses, WorkerState
from gateway.transport.public_address import PublicAddress
from guildway.processes.gateway_addresses import GatewayAddresses
from guildway.processes.own_address import find_reachable_host


def make_worker(
    number: int, *, host: str = "127.0.0.1", public_url: str = "", state: WorkerState = WorkerState.SERVING
) -> Worker:
    gateway = f"ws://{host}:{8080 + number}"
    addresses = WorkerAddresses(gateway=gateway, public_url=public_url)
    return Worker(name=f"worker-{number}", incarnation=f"worker-{number}-a.1", addresses=addresses, state=state)


def ask(*workers: Worker, host: str = "127.0.0.1", asked: str = "chat.example:8080", times: int = 4) -> list[str]:
    """Return the addresses that some clients are told, one after the other."""
    fallback = PublicAddress("", worker="worker-1")
    fallback.bind(host, 9)
    addresses = GatewayAddresses(list_workers=lambda: workers, host=host, fallback=fallback)
    return [addresses.url_for(asked) for _ in range(times)]


def test_clients_are_sent_to_one_worker_after_the_other() -> None:
    told = ask(make_worker(1), make_worker(2))
    assert sorted(told[:2]) == ["ws://127.0.0.1:8081", "ws://127.0.0.1:8082"]
    assert told[2:] == told[:2]


def test_worker_that_is_drained_or_does_not_listen_yet_gets_no_clients_while_another_one_serves() -> None:
    drained = make_worker(1, state=WorkerState.DRAINING)
    starting = Worker(name="worker-3", incarnation="worker-3-a.1")
    assert set(ask(drained, make_worker(2), starting)) == {"ws://127.0.0.1:8082"}
    assert set(ask(drained, starting)) == {"ws://127.0.0.1:8081"}


def test_without_a_worker_that_lives_the_address_of_the_settings_is_told() -> None:
    assert set(ask()) == {"ws://127.0.0.1:9"}


def test_address_for_clients_is_the_one_that_the_worker_tells() -> None:
    told = ask(make_worker(1, public_url="wss://gw-worker-1.example"), host="0.0.0.0")
    assert set(told) == {"wss://gw-worker-1.example"}


def test_worker_of_this_machine_is_reached_by_the_name_that_the_client_knows_and_another_by_its_address() -> None:
    here = make_worker(1, host=find_reachable_host("0.0.0.0"))
    elsewhere = make_worker(2, host="192.0.2.7")
    assert set(ask(here, elsewhere, host="0.0.0.0")) == {"ws://chat.example:8081", "ws://192.0.2.7:8082"}
