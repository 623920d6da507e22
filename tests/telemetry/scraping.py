"""Reading what a process exposes, as Prometheus would."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Sample name and labels → value. Raises ValueError for what is not Prometheus' text format."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The sum of every sample of that name whose labels are (at least) these; 0 when there is none."""
    wanted = set(labels.items())
    return sum(v for (found, has), v in samples.items() if found == name and wanted <= has)


def told(samples: Samples, name: str) -> bool:
    """Whether there is any sample of that name."""
    return any(found == name for found, _ in samples)
