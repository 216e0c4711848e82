"""
SIPp scenarios written as a list of steps: what the peer sends, what it waits for, what must stand in it.

A script plays the called side, unless it begins with :meth:`Script.call`. CSeq, tags, routes and targets are kept by
the script and SIPp; both sides' SDP has one audio stream.
"""

from pathlib import Path
from xml.sax.saxutils import quoteattr

DEADLINE_MS = 45_000
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 302: "Moved Temporarily"}
CALLED = "+33199000010"


def sdp(direction: str = "sendrecv", version: int = 1, port: str = "[media_port]", host: str = "[media_ip]") -> str:
    return (
        f"v=0\no=peer 1 {version} IN IP4 [local_ip]\ns=-\nc=IN IP4 {host}\nt=0 0\nm=audio {port} RTP/AVP 8 101\n"
        f"a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\na={direction}"
    )


class Script:
    """
    :param contact_port: as SIPp writes itself in Contact; of a relay before it, for instance.
    :param tag: its tag in dialogs; a forked call has another one.
    """

    def __init__(self, contact_port: str = "[local_port]", tag: str = "peer[call_number]") -> None:
        self._steps: list[str] = []
        self._variables: list[str] = []
        self._contact = f"Contact: <sip:peer@[local_ip]:{contact_port};transport=[transport]>"
        self._tag = tag
        self._cseq = 0
        self._invite_cseq = 0
        self._calls = False
        self._to = ""

    # --- steps --------------------------------------------------------------------------------------------

    def call(
        self, *headers: str, body: str | None = None, to: str = CALLED, from_: str = "<sip:+33199000001@[local_ip]>"
    ) -> "Script":
        """The INVITE of a caller."""
        self._calls = True
        self._to = f"<sip:{to}@[remote_ip]:[remote_port]>"
        self._from = from_
        self._cseq = self._invite_cseq = 1
        head = [
            f"INVITE sip:{to}@[remote_ip]:[remote_port] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            f"From: {from_};tag={self._tag}",
            f"To: {self._to}",
            "Call-ID: [call_id]",
            "CSeq: 1 INVITE",
            self._contact,
            "Max-Forwards: 70",
            *headers,
        ]
        return self._send(head, body, "application/sdp", retrans=True)

    def recv(self, what: str | int, *checks: str, optional: bool = False, keep: bool = False) -> "Script":
        """
        :param what: method or code. :param checks: POSIX regular expressions that the message must fulfil.
        :param keep: for :meth:`late_reply`.
        """
        kind = "request" if isinstance(what, str) else "response"
        actions = [self._action(check, 'search_in="msg"') for check in checks]
        if what == "INVITE" and "target" not in self._variables:
            actions += [
                self._action("sip:[^>; ]*", 'search_in="hdr" header="Contact:"', "target"),
                self._action(".*", 'search_in="hdr" header="From:"', "from"),
                self._action(".*", 'search_in="hdr" header="To:"', "to"),
            ]
        if keep:
            kept = {"Via:": "kvia", "From:": "kfrom", "To:": "kto", "CSeq:": "kcseq"}
            actions += [self._action(".*", f'search_in="hdr" header="{name}"', to) for name, to in kept.items()]
        wait = 'optional="true"' if optional else f'timeout="{DEADLINE_MS}"'
        routes = ' rrs="true"' if what == 200 else ""
        self._steps.append(f'<recv {kind}="{what}" {wait}{routes}><action>{"".join(actions)}</action></recv>')
        return self

    def reply(
        self,
        code: int,
        *headers: str,
        body: str | None = None,
        tagged: bool = False,
        again: bool = False,
        contact: bool = True,
    ) -> "Script":
        """
        :param tagged: the request has our tag in To already: it came inside the dialog.
        :param again: SIPp repeats it until something comes: for final answers to INVITE.
        """
        to = "[last_To:]" if tagged or code == 100 else f"[last_To:];tag={self._tag}"
        head = [
            f"SIP/2.0 {code} {REASONS.get(code, 'Because')}",
            *("[last_Via:]", "[last_Record-Route:]", "[last_From:]", to, "[last_Call-ID:]", "[last_CSeq:]"),
            *([self._contact] if contact else []),
            *headers,
        ]
        return self._send(head, body, "application/sdp", retrans=again)

    def late_reply(self, code: int, *headers: str, to_tag: str | None = None, body: str | None = None) -> "Script":
        """To the request kept, after others came and went. :param to_tag: for one outside a dialog."""
        to = "To: [$kto]" if to_tag is None else f"To: [$kto];tag={to_tag}"
        head = [f"SIP/2.0 {code} {REASONS.get(code, 'Because')}", "Via: [$kvia]", "From: [$kfrom]", to]
        head += ["Call-ID: [call_id]", "CSeq: [$kcseq]", self._contact, *headers]
        return self._send(head, body, "application/sdp", retrans=True)

    def request(
        self,
        method: str,
        *headers: str,
        body: str | None = None,
        kind: str = "application/sdp",
        cseq: int | None = None,
    ) -> "Script":
        """Inside the dialog. ACK has the number of the last INVITE."""
        if method == "ACK":
            number = self._invite_cseq
        else:
            number = self._cseq = cseq if cseq is not None else self._cseq + 1
        if method == "INVITE":
            self._invite_cseq = number
        ours, theirs = (self._from, f"{self._to}[peer_tag_param]") if self._calls else ("[$to]", "[$from]")
        head = [
            f"{method} {'[next_url]' if self._calls else '[$target]'} SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            *(["[routes]"] if self._calls else []),
            f"From: {ours};tag={self._tag}",
            f"To: {theirs}",
            "Call-ID: [call_id]",
            f"CSeq: {number} {method}",
            self._contact,
            "Max-Forwards: 70",
            *headers,
        ]
        return self._send(head, body, kind, retrans=method != "ACK")

    def cancel(self, back: int) -> "Script":
        """:param back: how many steps ago the INVITE was sent."""
        head = [
            f"CANCEL sip:{CALLED}@[remote_ip]:[remote_port] SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-{back}]",
            f"From: {self._from};tag={self._tag}",
            f"To: {self._to}",
            "Call-ID: [call_id]",
            "CSeq: 1 CANCEL",
            "Max-Forwards: 70",
        ]
        return self._send(head, None, "", retrans=True)

    def refused_ack(self, back: int) -> "Script":
        """ACK of a final answer other than 2xx. :param back: as of :meth:`cancel`."""
        head = [
            f"ACK sip:{CALLED}@[remote_ip]:[remote_port] SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-{back}]",
            f"From: {self._from};tag={self._tag}",
            f"To: {self._to}[peer_tag_param]",
            "Call-ID: [call_id]",
            "CSeq: 1 ACK",
            "Max-Forwards: 70",
        ]
        return self._send(head, None, "", retrans=False)

    def moves(self, user: str) -> "Script":
        """Its Contact is another one from now on."""
        self._contact = f"Contact: <sip:{user}@{self._contact.partition('@')[2]}"
        return self

    def pause(self, ms: int) -> "Script":
        self._steps.append(f'<pause milliseconds="{ms}"/>')
        return self

    # --- usual passages -----------------------------------------------------------------------------------

    def answers(self, *headers: str, body: str | None = None, checks: tuple[str, ...] = ()) -> "Script":
        """The called side: 180, 200, ACK."""
        self.recv("INVITE", *checks).reply(180)
        return self.reply(200, *headers, body=body or sdp(), again=True).recv("ACK")

    def takes(self, method: str, *checks: str, code: int = 200, headers: tuple[str, ...] = ()) -> "Script":
        """A request inside the dialog, answered at once."""
        return self.recv(method, *checks).reply(code, *headers, tagged=True)

    def takes_offer(self, *checks: str, answer: str = "sendrecv") -> "Script":
        """A re-INVITE."""
        return self.recv("INVITE", *checks).reply(200, body=sdp(answer, 9), tagged=True, again=True).recv("ACK")

    def asks(self, method: str, code: int, *checks: str, headers: tuple[str, ...] = (), body: str | None = None,
             kind: str = "application/sdp") -> "Script":  # fmt: skip
        """A request inside the dialog that must be answered so; an INVITE's 200 is acknowledged."""
        self.request(method, *headers, body=body, kind=kind)
        self.recv(code, *checks)
        return self.request("ACK") if method == "INVITE" and code == 200 else self

    def is_taken(self, *checks: str) -> "Script":
        """The caller: until its call is answered."""
        return self.recv(100, optional=True).recv(180, optional=True).recv(200, *checks).request("ACK")

    # --- the file -----------------------------------------------------------------------------------------

    def write(self, folder: Path) -> Path:
        path = folder / "scenario.xml"
        names = ",".join(dict.fromkeys(self._variables))
        reference = f'<Reference variables="{names}"/>' if names else ""
        path.write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="script">\n'
            + "\n".join([*self._steps, reference, "</scenario>\n"])
        )
        return path

    def _action(self, pattern: str, where: str, name: str | None = None) -> str:
        variable = name or f"v{len(self._variables)}"
        self._variables.append(variable)
        return f'<ereg regexp={quoteattr(pattern)} {where} check_it="true" assign_to="{variable}"/>'

    def _send(self, head: list[str], body: str | None, kind: str, *, retrans: bool) -> "Script":
        lines = [*head, *([f"Content-Type: {kind}"] if body else []), "Content-Length: [len]", "", body or ""]
        again = ' retrans="500"' if retrans else ""
        text = "\n".join(lines)
        self._steps.append(f"<send{again}><![CDATA[\n{text}\n]]></send>")
        return self
