from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from menshen.platform.telemetry import Telemetry


def samples(telemetry: Telemetry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(telemetry.text().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_is_counted_is_told() -> None:
    telemetry = Telemetry()
    telemetry.count_request(method="POST", route="/v1/compare", status=200, seconds=0.03)
    telemetry.count_decision("accept")
    telemetry.count_problem("face-not-found")
    told = samples(telemetry)
    labels = (("method", "POST"), ("route", "/v1/compare"), ("status", "200"))
    assert told["menshen_http_requests_total", labels] == 1
    assert told["menshen_decisions_total", (("outcome", "accept"),)] == 1
    assert told["menshen_problems_total", (("code", "face-not-found"),)] == 1
    assert told["menshen_http_request_seconds_count", (("route", "/v1/compare"),)] == 1


def test_a_client_cannot_make_labels() -> None:
    telemetry = Telemetry()
    for i in range(50):
        telemetry.count_request(method=f"X{i}", route="", status=404, seconds=0.001)
    rows = [key for key in samples(telemetry) if key[0] == "menshen_http_requests_total"]
    assert rows == [
        (
            "menshen_http_requests_total",
            (("method", "other"), ("route", "other"), ("status", "404")),
        )
    ]


def test_two_applications_do_not_share_numbers() -> None:
    one, two = Telemetry(), Telemetry()
    one.count_decision("accept")
    assert not any(name == "menshen_decisions_total" for name, _ in samples(two))
