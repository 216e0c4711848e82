"""Prometheus figures of the workers, read from the pool whenever somebody asks."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from relay.control_messages import WorkerKind
from signaling.workers import KINDS, WorkerLink

LABELS = ("kind", "worker")


class WorkerCollector(Collector):
    """:param links: the workers of a kind that are connected to this process now."""

    def __init__(self, links: Callable[[WorkerKind], Sequence[WorkerLink]]) -> None:
        self._links = links

    def describe(self) -> Iterable[Metric]:
        return (*self._families(), *_of_analysis(()))

    def collect(self) -> Iterator[Metric]:
        connected, load, capacity, draining, placed, compiled, trunk_up = families = self._families()
        for kind in KINDS:
            links = self._links(kind)
            connected.add_metric([kind], len(links))
            for link in links:
                labels = [kind, link.worker_id]
                load.add_metric(labels, link.load)
                capacity.add_metric(labels, link.state.capacity)
                draining.add_metric(labels, link.draining)
                placed.add_metric(labels, link.placed)
                if kind == "media":
                    compiled.add_metric([link.worker_id], link.state.compiled)
                for trunk, is_up in link.state.trunks.items():
                    trunk_up.add_metric([link.worker_id, trunk], is_up)
        yield from families
        yield from _of_analysis(self._links("visibility"))

    def _families(
        self,
    ) -> tuple[
        GaugeMetricFamily,
        GaugeMetricFamily,
        GaugeMetricFamily,
        GaugeMetricFamily,
        CounterMetricFamily,
        GaugeMetricFamily,
        GaugeMetricFamily,
    ]:
        return (
            GaugeMetricFamily("relay_workers", "Workers connected", labels=["kind"]),
            GaugeMetricFamily("relay_worker_load_ratio", "Share of its capacity in use, 0..1", labels=LABELS),
            GaugeMetricFamily("relay_worker_capacity_calls", "Calls it takes", labels=LABELS),
            GaugeMetricFamily(
                "relay_worker_draining", "1: takes no new call, ends when the last is over", labels=LABELS
            ),
            CounterMetricFamily("relay_worker_calls_placed", "Calls given to it by this process", labels=LABELS),
            GaugeMetricFamily("relay_worker_compiled", "1: its forwarding is compiled code", labels=("worker",)),
            GaugeMetricFamily(
                "relay_trunk_up",
                "1: registered where wanted, and not resting after a failure",
                labels=("worker", "trunk"),
            ),
        )


def _of_analysis(links: Sequence[WorkerLink]) -> Iterator[Metric]:
    """What visibility workers say of their own work (``relay.control_messages.VisibilityFigures``)."""
    said = [(link.worker_id, link.figures) for link in links if link.figures is not None]
    for name, field, meaning in (
        ("looks", "looks", "Pictures that MediaPipe saw"),
        ("frames_dropped", "dropped", "Coded pictures that found no time"),
        ("processes_replaced", "replaced", "Analysis processes that died or hung"),
    ):
        counter = CounterMetricFamily(f"relay_visibility_{name}", meaning, labels=("worker",))
        for worker_id, figures in said:
            counter.add_metric([worker_id], getattr(figures, field))
        yield counter
    for name, field, meaning in (
        ("budget_ratio", "budget_share", "CPU time used, of what it may use"),
        ("stretch_ratio", "stretch", "1: looks come as often as wanted; 2: half as often"),
    ):
        gauge = GaugeMetricFamily(f"relay_visibility_{name}", meaning, labels=("worker",))
        for worker_id, figures in said:
            gauge.add_metric([worker_id], getattr(figures, field))
        yield gauge
