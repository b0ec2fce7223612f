"""Has a tmux call tools, and reads what it exports with the programs that people use."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from prometheus_client.openmetrics.parser import text_string_to_metric_families

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TMUX = os.environ.get("TMCP_TMUX") or sys.exit("TMCP_TMUX is not set: build one with tmux-patches/build")
SERVER = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug", "tmcp-test-server")
PATIENCE = 60
CALLS = 7


def until(what, found):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    sys.exit(f"waited in vain for {what}")


class Tmux:
    """A tmux with one server, in a home of its own."""

    def __init__(self, home):
        self.home = home
        with open(os.path.join(home, ".claude.json"), "w") as file:
            json.dump({"mcpServers": {"demo, one": {"command": SERVER, "args": []}}}, file)
        self.env = {"HOME": home, "PATH": os.environ["PATH"], "TMUX_TMPDIR": home, "TERM": "xterm"}
        self.run("new-session", "-d")

    def run(self, *words, fails=False):
        command = [TMUX, "-L", "exported", "-f", "/dev/null", *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        if (done.returncode != 0) != fails:
            sys.exit(f"{words}: {done.returncode}: {done.stderr}")
        return done.stdout


def openmetrics(text):
    """The official parser is strict: order, suffixes, units, buckets, the end."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    durations = families["mcp_client_operation_duration_seconds"]
    assert (durations.type, durations.unit) == ("histogram", "seconds"), durations
    counts = {
        sample.labels["gen_ai_tool_name"]: sample.value
        for sample in durations.samples
        if sample.name.endswith("_count") and sample.labels.get("gen_ai_tool_name")
    }
    assert counts == {"echo": CALLS, "boom": 1}, counts
    assert families["mcp_client"].type == "info"
    assert families["mcp_client_sent_bytes"].unit == "bytes"
    up = families["mcp_server_up"].samples
    assert [(sample.labels["server"], sample.value) for sample in up] == [("demo, one", 1)], up
    print(f"OpenMetrics: {len(families)} families are read by prometheus-client")


def histogram_log(text, home):
    """The latencies of mcp-stats, as HdrHistogram's own reader has them."""
    path = os.path.join(home, "latency.hlog")
    with open(path, "w") as file:
        file.write(text)
    histogram = HdrHistogram(1, 3_600_000_000, 2)
    reader = HistogramLogReader(path, histogram)
    interval = reader.get_next_interval_histogram()
    assert interval is not None and reader.get_next_interval_histogram() is None
    assert interval.get_tag() == "demo__one", interval.get_tag()
    assert interval.get_total_count() == CALLS + 1, interval.get_total_count()
    return interval


def statsd(tmux, program, home):
    """StatsD itself counts the calls."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = os.path.join(home, "statsd.js")
    log = os.path.join(home, "statsd.log")
    with open(config, "w") as file:
        file.write(
            "{ port: %d, address: '127.0.0.1', mgmt_address: '127.0.0.1', mgmt_port: 0,"
            " flushInterval: 500, deleteIdleStats: true, backends: ['./backends/console'] }" % port
        )
    with open(log, "w") as out:
        child = subprocess.Popen(["node", program, config], stdout=out, stderr=out)
    try:
        tmux.run("set-option", "-g", "mcp-statsd", f"udp://127.0.0.1:{port}?interval=1")
        said = lambda: open(log).read()
        gauge = re.compile(r"server_up\.[^:]*demo__one'?: 1\b")
        until("a gauge in StatsD", lambda: gauge.search(said()))
        for _ in range(3):
            tmux.run("mcp-call", "demo, one", "echo", "text=x")
        calls = re.compile(r"'?mcp\.client_calls\.[^':]*demo__one\.ok'?: (\d+)")
        times = re.compile(r"'?mcp\.client_operation_duration\.[^':]*\.echo'?: \[([^\]]*)\]")
        blocks = re.compile(r"^  counters: \{.*?^  \}", re.S | re.M)
        count = lambda: sum(int(found) for found in calls.findall("".join(blocks.findall(said()))))
        until("three calls in StatsD", lambda: count() >= 3 and times.search(said()))
        assert count() == 3, said()
        assert "bad_lines_seen" in said() and not re.search(r"bad_lines_seen'?: [1-9]", said()), said()
        print("StatsD: three calls and their times are counted, and no line is bad")
    finally:
        child.terminate()
        child.wait(PATIENCE)


def main():
    home = tempfile.mkdtemp(prefix="exported.", dir=os.environ.get("TMPDIR", "/tmp"))
    tmux = Tmux(home)
    try:
        openmetrics_before = tmux.run("mcp-stats", "-O")
        list(text_string_to_metric_families(openmetrics_before))
        for _ in range(CALLS):
            tmux.run("mcp-call", "demo, one", "echo", "text=x")
        tmux.run("mcp-call", "demo, one", "boom", "{}", fails=True)
        openmetrics(tmux.run("mcp-stats", "-O"))
        interval = histogram_log(tmux.run("mcp-stats", "-L"), home)
        stats = json.loads(tmux.run("mcp-stats", "-j", "-p", "50,100", "demo, one"))
        latency = stats["latency_us"]
        for name, percentile in (("p50", 50), ("p100", 100)):
            read, told = interval.get_value_at_percentile(percentile), latency[name]
            assert abs(read - told) <= told * 0.02 + 1, (name, read, told)
        print(f"HdrHistogram: {interval.get_total_count()} latencies are read, median {latency['p50']} us")
        statsd(tmux, sys.argv[1], home)
    finally:
        tmux.run("kill-server")
        shutil.rmtree(home, ignore_errors=True)


main()
