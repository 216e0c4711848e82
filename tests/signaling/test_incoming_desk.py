from signaling.incoming_desk import WrongCodes


def test_a_caller_who_guesses_codes_is_stopped_and_others_are_not() -> None:
    wrong = WrongCodes()
    for _ in range(9):
        assert not wrong.are_too_many("+33199000001", 0.0)
        wrong.count("+33199000001", 0.0)
    assert wrong.are_too_many("+33199000001", 0.0)
    assert not wrong.are_too_many("+33199000002", 0.0)
    assert not wrong.are_too_many("+33199000001", 401.0), "one more in 400 s"


def test_whoever_writes_another_number_into_each_call_is_stopped_too() -> None:
    wrong = WrongCodes()
    for number in range(100):
        assert not wrong.are_too_many(f"+331990{number:05}", 0.0)
        wrong.count(f"+331990{number:05}", 0.0)
    assert wrong.are_too_many("+33199000999", 0.0)
    assert not wrong.are_too_many("+33199000999", 37.0), "one more in 36 s"
