"""The configurations in docs/sbc for SBCs and PBXs: what can be known of them without the programs."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay.phone.config import PhoneWorkerConfig
from relay.phone.emergency import EMERGENCY_NUMBERS
from relay.phone.leg import DialogConfig
from relay.phone.sdp import DEFAULT_CODECS
from relay.phone.siblings import sibling
from signaling import processes
from signaling.config import Config, load_config

FILES = Path(__file__).parents[3] / "docs" / "sbc"
OURS = PhoneWorkerConfig("phone-0", Path("control"), Path("audio"))
WORKERS = [sibling(OURS, index, 2) for index in range(2)]
RINGS_S = round(OURS.taken_within_s + 2)
#: Asterisk 18, res_pjsip: the options used here and their like
PJSIP_OPTIONS = {
    "transport": "protocol bind method cert_file priv_key_file ca_list_file verify_server verify_client "
    "external_media_address external_signaling_address local_net tos cos",
    "endpoint": "context disallow allow dtmf_mode direct_media rtp_symmetric trust_id_inbound trust_id_outbound "
    "send_pai allow_transfer timers timers_sess_expires timers_min_se rtp_timeout rtp_timeout_hold transport aors "
    "auth outbound_auth media_encryption from_user from_domain force_rport rewrite_contact moh_passthrough identify_by",
    "identify": "endpoint match srv_lookups match_header",
    "aor": "contact qualify_frequency qualify_timeout max_contacts remove_existing minimum_expiration "
    "default_expiration maximum_expiration",
    "auth": "auth_type username password realm",
}
APPLICATIONS = {"Dial", "GotoIf", "Hangup", "NoOp", "Set"}
#: FreeSWITCH 1.10, mod_sofia
PROFILE_PARAMETERS = {
    *re.findall(
        r"[\w-]+",
        """sip-ip sip-port rtp-ip context dialplan apply-inbound-acl auth-calls inbound-codec-prefs outbound-codec-prefs
        inbound-codec-negotiation dtmf-type liberal-dtmf enable-timer session-timeout minimum-session-expires
        enable-100rel manage-presence rtp-timeout-sec rtp-hold-timeout-sec disable-transfer tls tls-sip-port
        tls-cert-dir tls-version tls-verify-policy""",
    )
}
GATEWAY_PARAMETERS = {"proxy", "register", "caller-id-in-from", "ping", "ping-max", "retry-seconds"}
ACTIONS = {"set", "export", "bridge", "hangup"}


@dataclass(frozen=True)
class Section:
    name: str
    options: tuple[tuple[str, str], ...]

    def all(self, option: str) -> list[str]:
        return [value for name, value in self.options if name == option]


def asterisk(text: str) -> list[Section]:
    """Its dialect: ``;`` begins a comment, ``\\;`` is a semicolon, ``[a](!)`` a template, ``[b](a)`` uses it."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    templates: dict[str, list[tuple[str, str]]] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(?<!\\);.*", "", raw).replace("\\;", ";").strip()
        if not line:
            continue
        if head := re.fullmatch(r"\[([\w-]+)\](?:\((!|[\w-]+)\))?", line):
            name, kind = head.groups()
            options = [] if kind in (None, "!") else list(templates[kind])
            if kind == "!":
                templates[name] = options
            else:
                found.append((name, options))
            continue
        option, separator, value = line.partition("=")
        assert separator and option.strip() and value.lstrip("> "), f"line {number}: {raw}"
        options.append((option.strip(), value.lstrip(">").strip()))
    return [Section(name, tuple(options)) for name, options in found]


def pjsip() -> list[Section]:
    return asterisk((FILES / "asterisk" / "pjsip.conf").read_text())


def extensions() -> dict[str, Section]:
    return {section.name: section for section in asterisk((FILES / "asterisk" / "extensions.conf").read_text())}


def xml(name: str) -> ET.Element:
    return ET.parse(FILES / "freeswitch" / name).getroot()  # our own file


def parameters(element: ET.Element) -> dict[str, str]:
    return {each.attrib["name"]: each.attrib["value"] for each in element.findall("param")}


def toml_blocks() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (FILES / "README.md").read_text(), re.DOTALL)


def loaded(block: str, directory: Path) -> Config:
    (directory / "passerelle.toml").write_text(block)
    return load_config({"PASSERELLE_DATA_DIR": str(directory)})


def test_each_section_of_asterisk_has_options_that_its_type_knows() -> None:
    for section in pjsip():
        (kind,) = section.all("type")
        known = PJSIP_OPTIONS[kind].split()
        assert [name for name, _ in section.options if name not in ("type", *known)] == [], section.name


def test_what_asterisks_endpoints_name_is_there() -> None:
    there = {(section.all("type")[0], section.name) for section in pjsip()}
    for section in pjsip():
        for option, kind in (("aors", "aor"), ("auth", "auth"), ("transport", "transport"), ("endpoint", "endpoint")):
            for value in section.all(option):
                assert {(kind, name) for name in value.split(",")} <= there, section.name


def test_asterisk_finds_us_on_our_ports_and_asks_for_our_timers_and_codecs() -> None:
    by_type: dict[str, list[Section]] = {}
    for section in pjsip():
        by_type.setdefault(section.all("type")[0], []).append(section)
    contacts = [contact for section in by_type["aor"] for contact in section.all("contact")]
    assert [int(re.findall(r":(\d+)", contact)[-1]) for contact in contacts] == [
        *(worker.sip_port for worker in WORKERS),
        OURS.sip_tls_port,
    ]
    for endpoint in by_type["endpoint"]:
        assert endpoint.all("timers_sess_expires") == [str(DialogConfig().session_expires_s)]
        assert endpoint.all("timers_min_se") == [str(DialogConfig().min_session_s)]
        names = {"opus": "opus", "g722": "G722", "alaw": "PCMA", "ulaw": "PCMU"}
        assert tuple(names[name] for name in endpoint.all("allow")[0].split(",")) == DEFAULT_CODECS


def test_asterisks_dialplan_uses_contexts_and_applications_that_are_there() -> None:
    steps = [value for section in extensions().values() for name, value in section.options if name in ("exten", "same")]
    assert {re.search(r"(?:^|,)(?:n|1)(?:\(\w+\))?,(\w+)\(", step)[1] for step in steps} <= APPLICATIONS  # type: ignore[index]
    assert all(step.count("(") == step.count(")") and step.count("{") == step.count("}") for step in steps)
    assert {context for section in pjsip() for context in section.all("context")} <= set(extensions())
    ours = [section.name for section in pjsip()]
    dialled = [step for step in steps if "Dial(PJSIP/passerelle" in step]
    assert all(re.search(r"PJSIP/([\w-]+)/", step)[1] in ours for step in dialled)  # type: ignore[index]
    assert [int(re.search(r":(\d+),(\d+)\)", step)[1]) for step in dialled] == [each.sip_port for each in WORKERS]  # type: ignore[index]
    assert {int(re.search(r":(\d+),(\d+)\)", step)[2]) for step in dialled} == {RINGS_S}  # type: ignore[index]


def test_both_pbxs_let_emergency_and_ordinary_numbers_out() -> None:
    numbers = ["+33199000001", *(each.number for each in EMERGENCY_NUMBERS)]
    patterns = [step.split(",")[0] for name, step in extensions()["from-passerelle"].options if name == "exten"]
    asterisk_patterns = [re.escape(each[1:]).replace("X", r"\d").replace(r"\.", ".+") for each in patterns]
    (condition,) = xml("dialplan/passerelle.xml").findall("context[@name='from-passerelle']//condition")
    for number in numbers:
        assert any(re.fullmatch(pattern, number) for pattern in asterisk_patterns), number
        assert re.search(condition.attrib["expression"], number), number


def test_freeswitch_profile_has_parameters_that_it_knows_and_our_ports() -> None:
    profile = xml("sip_profiles/passerelle.xml")
    settings = parameters(profile.find("settings"))  # type: ignore[arg-type]
    assert set(settings) <= PROFILE_PARAMETERS
    assert settings["session-timeout"] == str(DialogConfig().session_expires_s)
    assert settings["minimum-session-expires"] == str(DialogConfig().min_session_s)
    for direction in ("inbound", "outbound"):
        assert tuple(settings[f"{direction}-codec-prefs"].replace("OPUS", "opus").split(",")) == DEFAULT_CODECS
    gateways = {each.attrib["name"]: parameters(each) for each in profile.findall("gateways/gateway")}
    assert all(set(each) <= GATEWAY_PARAMETERS for each in gateways.values())
    assert [int(each["proxy"].split(":")[1]) for each in gateways.values()] == [each.sip_port for each in WORKERS]
    lists = [each.attrib["name"] for each in xml("autoload_configs/acl.conf.xml").findall("network-lists/list")]
    assert settings["apply-inbound-acl"] in lists


def test_freeswitch_dialplan_bridges_to_gateways_of_the_profile() -> None:
    gateways = {each.attrib["name"] for each in xml("sip_profiles/passerelle.xml").findall("gateways/gateway")}
    plan = xml("dialplan/passerelle.xml")
    context = parameters(xml("sip_profiles/passerelle.xml").find("settings"))["context"]  # type: ignore[arg-type]
    assert context in {each.attrib["name"] for each in plan.findall("context")}
    actions = plan.findall(".//action")
    assert {each.attrib["application"] for each in actions} <= ACTIONS
    bridged = [name for each in actions for name in re.findall(r"sofia/gateway/([\w-]+)/", each.attrib["data"])]
    assert set(bridged) == {*gateways, "carrier"}
    inward = plan.findall("context[@name='to-passerelle']//action")
    assert f"call_timeout={RINGS_S}" in {each.attrib["data"] for each in inward}


def test_kamailio_waits_for_us_as_long_as_we_ring_and_knows_our_ports() -> None:
    text = (FILES / "kamailio" / "kamailio.cfg").read_text()
    defined = dict(re.findall(r'#!substdef "!(\w+)!([^!]*)!g"', text))
    assert int(defined["WORKER_RINGS_MS"]) == RINGS_S * 1000
    assert not [(a, b) for a in defined for b in defined if a != b and b.startswith(a)]
    entries = (FILES / "kamailio" / "dispatcher.list").read_text()
    assert set(map(int, re.findall(r"^1 sip:[\d.]+:(\d+) ", entries, re.MULTILINE))) == {w.sip_port for w in WORKERS}
    for set_id, name in (("1", "INSIDE"), ("2", "PUBLIC")):
        sockets = set(re.findall(rf"^{set_id} .* socket=udp:(\S+)", entries, re.MULTILINE))
        assert sockets == {f"{defined[f'{name}_IP']}:{defined[f'{name}_PORT']}"}


@pytest.mark.parametrize("number", range(len(toml_blocks())))
def test_settings_for_our_side_are_settings(number: int, tmp_path: Path) -> None:
    config = loaded(toml_blocks()[number], tmp_path)
    for index in range(max(1, config.service.phone_workers)):
        phone = processes.phone_worker_config(config, index)
        assert phone.sip_host == "10.0.0.11"
        assert phone.trunk.host == "10.0.0.1"
    assert not processes.uses_demo_trunk(config)


def test_name_and_password_are_the_same_on_both_sides(tmp_path: Path) -> None:
    (block,) = (block for block in toml_blocks() if "register = true" in block)
    trunk = processes.phone_worker_config(loaded(block, tmp_path)).trunk
    (auth,) = (section for section in pjsip() if section.all("type") == ["auth"])
    assert (auth.all("username"), auth.all("password")) == ([trunk.username], [trunk.password])
    (aor,) = (section for section in pjsip() if section.all("default_expiration"))
    assert aor.all("default_expiration") == [str(trunk.register_expires_s)]


def test_every_file_is_named_in_the_page() -> None:
    page = (FILES / "README.md").read_text()
    files = [path.relative_to(FILES) for path in FILES.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert [str(path) for path in files if f"({path})" not in page] == []
