"""What a scrape says, as tests ask for it."""

from prometheus_client.parser import text_string_to_metric_families


def value(text: str, name: str, **labels: str) -> float:
    """The sum of the samples called *name* that bear *labels*, whatever else they bear."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def labels(text: str, name: str) -> list[dict[str, str]]:
    """The labels of each sample called *name*."""
    return [s.labels for family in text_string_to_metric_families(text) for s in family.samples if s.name == name]
