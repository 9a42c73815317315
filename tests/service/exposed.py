"""What `/metrics` says, read by Prometheus' own parser."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Exposed:
    """Every sample by name and labels; `kinds` names each family's type."""

    samples: dict[tuple[str, Labels], float]
    kinds: dict[str, str]

    def __getitem__(self, name: str) -> float:
        return self.samples[name, frozenset()]

    def of(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def by(self, name: str, label: str) -> dict[str, float]:
        """A sample's values by one label; those of other labels are summed."""
        found: dict[str, float] = {}
        for (sample, labels), value in self.samples.items():
            if sample == name:
                key = dict(labels)[label]
                found[key] = found.get(key, 0) + value
        return found

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.samples)

    @property
    def labels(self) -> frozenset[tuple[str, str]]:
        return frozenset(pair for _, labels in self.samples for pair in labels)


def exposed(text: str) -> Exposed:
    families = list(text_string_to_metric_families(text))
    return Exposed(
        {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples},
        {family.name: family.type for family in families},
    )
