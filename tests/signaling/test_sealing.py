from signaling.sealing import Sealer

NUMBER = "+33199000001"


def test_what_is_sealed_shows_nothing_and_opens_again() -> None:
    sealed = Sealer("secret", "calls").seal(NUMBER)
    assert NUMBER not in sealed
    assert Sealer("secret", "calls").open(sealed) == Sealer("secret", "calls").open(sealed.encode()) == NUMBER


def test_another_secret_another_purpose_and_changed_or_clear_text_open_nothing() -> None:
    sealed = Sealer("secret", "calls").seal(NUMBER)
    assert Sealer("other", "calls").open(sealed) is None
    assert Sealer("secret", "others").open(sealed) is None
    assert Sealer("secret", "calls").open(sealed[:-4] + "AAA=") is None
    assert Sealer("secret", "calls").open(NUMBER) is None
