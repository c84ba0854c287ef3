"""`fetch` downloads over real HTTP, from a server whose work is not the experiment's."""

import pytest

import gilteach as gt
from gilteach.children import launch
from gilteach.measuring import execution
from gilteach.measuring.meter import Meter


@pytest.mark.parametrize("runner", ["serial", "threads", "processes"])
def test_downloads_as_many_bytes_as_asked_for(assert_nothing_left, runner):
    run = gt.run("fetch", runner, workers=3, size=123_456, delay=0.05)
    assert run.results == [123_456] * 3
    assert_nothing_left()  # the server least of all


def test_an_empty_download_works():
    assert gt.run("fetch", workers=1, size=0, delay=0).results == [0]


def test_many_downloads_at_once_all_arrive():
    assert gt.run("fetch", workers=64, size=1000, delay=0.1).results == [1000] * 64


@pytest.mark.slow
def test_the_server_waits_for_the_delay():
    run = gt.run("fetch", "serial", workers=1, tasks=2, size=10, delay=0.3)
    lasted = run.spans["end_s"] - run.spans["start_s"]
    assert (lasted >= 0.3).all()


@pytest.mark.slow
def test_without_a_delay_nothing_waits():
    walls = [gt.run("fetch", "serial", workers=1, size=10, delay=0).wall for _ in range(3)]
    assert min(walls) < 0.2


@pytest.mark.slow
def test_delayed_downloads_wait_together():
    walls = [gt.run("fetch", workers=4, size=10, delay=0.3).wall for _ in range(3)]
    assert min(walls) < 0.9


@pytest.mark.slow
def test_the_servers_work_is_not_the_experiments(measure_quietly):
    # The server works about as hard as its client: counted as the client's, it would double both figures.
    def area(run):
        ends = run.samples["time_s"]
        return (ends.diff().fillna(ends.iloc[0]) * run.samples["cores_busy"]).sum()

    run = measure_quietly(
        lambda: gt.run("fetch", "serial", workers=1, tasks=3, size=3 * 10**8, delay=0),
        lambda run: area(run) == pytest.approx(run.cpu, rel=0.2),
        even_if_noisy=lambda run: area(run) < 1.5 * run.cpu,
    )
    assert run.cpu == pytest.approx(run.spans["cpu_s"].sum(), rel=0.1)


def test_the_servers_work_is_no_background_either(monkeypatch):
    # How a helper's work is left out of the background is a test of the meter's.
    servers, helpers = [], []

    def start_server():
        server, url = launch.start_server()
        servers.append(server.pid)
        return server, url

    def meter(pids, its_helpers=()):
        helpers.extend(its_helpers)
        return Meter(pids, its_helpers)

    monkeypatch.setattr(execution, "start_server", start_server)
    monkeypatch.setattr(execution, "Meter", meter)
    gt.run("fetch", workers=1, size=10, delay=0)
    assert helpers == servers
    assert len(servers) == 1


def test_no_name_is_looked_up_for_the_address(monkeypatch):
    from gilteach.bench import server

    monkeypatch.setattr("socket.getfqdn", lambda *_: pytest.fail("that can take seconds"))
    with server.Server() as made:
        assert made.server_port > 0


def test_strangers_get_nothing():
    from urllib.error import HTTPError
    from urllib.request import urlopen

    server, url = launch.start_server()
    address, secret = url.rsplit("/", 1)
    try:
        with urlopen(f"{address}/{secret}/5/0") as answer:
            assert answer.read() == bytes(5)
        for path in ("not-the-secret/5/0", f"{secret}/5", f"{secret}/many/0", ""):
            with pytest.raises(HTTPError, match="404") as refused:
                urlopen(f"{address}/{path}")
            refused.value.close()
    finally:
        server.end()
