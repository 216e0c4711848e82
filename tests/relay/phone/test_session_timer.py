import pytest

from relay.phone.session_timer import (
    Session,
    TooShort,
    answered,
    header,
    read,
    read_seconds,
    requested,
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1800", (1800, None)),
        (" 90 ;refresher=uac", (90, "uac")),
        ("90;x=y; Refresher = UAS", (90, "uas")),
        ("90;refresher=both", (90, None)),
        ("", None),
        (None, None),
        ("soon", None),
        ("-1", None),
    ],
)
def test_session_expires_is_read(value: str | None, found: tuple[int, str | None] | None) -> None:
    assert read(value) == found
    assert read_seconds(value) == (found[0] if found else None)


def test_peers_request_decides_who_refreshes() -> None:
    def asked(value: str | None, *, supports: bool = True) -> Session | TooShort | None:
        return requested(value, peer_supports=supports, min_se_s=90)

    assert asked(None) is None
    assert asked("1800;refresher=uac") == asked("1800") == Session(1800, False)
    assert asked("1800;refresher=uas") == Session(1800, True)
    assert asked("89") == TooShort(90)
    assert asked("89", supports=False) == Session(90, True)
    assert asked("1800", supports=False) == Session(1800, True)


def test_peers_answer_decides_who_refreshes() -> None:
    assert answered("1800;refresher=uac") == answered("1800") == Session(1800, True)
    assert answered("1800;refresher=uas") == Session(1800, False)
    assert answered(None) is None


def test_refresher_is_named_by_its_part_in_the_request_at_hand() -> None:
    assert (
        header(Session(90, True), in_request=True) == header(Session(90, False), in_request=False) == "90;refresher=uac"
    )
    assert header(Session(90, True), in_request=False) == "90;refresher=uas"
    assert header(Session(90, False), in_request=True) == "90;refresher=uas"


def test_who_waits_gives_up_a_little_before_the_end() -> None:
    assert Session(1800, True).refresh_after_s == 900
    assert Session(1800, True).give_up_after_s == 1800
    assert Session(1800, False).give_up_after_s == 1768
    assert Session(90, False).give_up_after_s == 60
