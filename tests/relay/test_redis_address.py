"""Every address of Redis that an operator may configure, and what is said of a wrong one."""

import pytest

from relay.redis_address import RedisUrlError, parse


@pytest.mark.parametrize("url", ["redis://h:6379/0", "rediss://:secret@h", "unix:///run/redis.sock", "redis://h?db=2"])
def test_address_of_one_server_is_left_to_the_driver(url: str) -> None:
    assert (parse(url).kind, parse(url).url) == ("server", url)


def test_sentinels_and_the_master_they_watch() -> None:
    place = parse("redis+sentinel://:p%40ss@s1:26379,s2,[::1]:26381/mymaster?sentinel_password=x&db=3")
    assert place.kind == "sentinel"
    assert place.nodes == (("s1", 26379), ("s2", 26379), ("::1", 26381))
    assert (place.master, place.db, place.tls) == ("mymaster", 3, False)
    assert place.credentials == {"password": "p@ss"}
    assert place.sentinel_credentials == {"password": "x"}


def test_cluster_of_several_nodes() -> None:
    place = parse("rediss+cluster://user:pw@n1:7001,n2:7002")
    assert (place.kind, place.nodes, place.tls) == ("cluster", (("n1", 7001), ("n2", 7002)), True)
    assert place.credentials == {"username": "user", "password": "pw"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:6379", "redis://"),
        ("http://h", "redis+cluster://"),
        ("redis+other://h", "redis+sentinel://"),
        ("unix://relative.sock", "unix:///chemin"),
        ("redis+sentinel://s1,s2", "nom-du-maître"),
        ("redis+sentinel:///mymaster", "redis+sentinel://h1:p1"),
        ("redis+sentinel://s1:port/mymaster", "h1:p1"),
        ("redis+sentinel://s1/mymaster?timeout=3", "sentinel_password"),
        ("redis+sentinel://s1/mymaster?db=x", "db=0"),
        ("redis+cluster://n1/3", "sans chemin"),
        ("redis+cluster://", "h1:p1"),
    ],
)
def test_wrong_address_is_told_with_the_right_form(url: str, said: str) -> None:
    with pytest.raises(RedisUrlError) as caught:
        parse(url)
    assert said in caught.value.expected


def test_password_of_a_wrong_address_is_never_told() -> None:
    for url in ("redis+sentinel://:hidden-word@s1:x/m", "other://:hidden-word@h", "redis+cluster://:hidden-word@n1/3"):
        with pytest.raises(RedisUrlError) as caught:
            parse(url)
        assert "hidden-word" not in str(caught.value)
