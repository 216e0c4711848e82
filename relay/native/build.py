"""Compiles ``datagrams.c`` with cffi into a directory. Needs a C compiler; nothing else of the service does."""

from pathlib import Path

from cffi import FFI, VerificationError

from relay.native import MODULE

_DECLARATIONS = """
struct port { int fd; ...; };
struct peer { struct port *port; void *receiving; void *sending; ...; };
static char buffer[];
static void use_srtp(void *unprotect_rtp, void *unprotect_rtcp, void *protect_rtp, void *protect_rtcp);
static int receive(struct port *port);
static int describe_origin(const struct port *port, char *text);
static int set_address(struct peer *peer, const char *host, int port);
static int open_sealed(const struct peer *peer, int is_rtcp, const char *data, int size);
static int send_sealed(const struct peer *peer, int is_rtcp, const char *data, int size, int number_at, int number);
#define LIMIT ...
#define ORIGIN_CHANGED ...
"""


_CFFI_WARNS = ("-Wno-unused-parameter", "-Wno-missing-field-initializers")  # what it writes around our source


def build(directory: Path) -> Path:
    """:returns: the module built in ``directory``. :raises RuntimeError: there is no compiler that can do it."""
    builder = FFI()
    builder.cdef(_DECLARATIONS.replace("static char buffer[];", "static char buffer[...];"))
    source = (Path(__file__).parent / "datagrams.c").read_text()
    builder.set_source(MODULE, source, extra_compile_args=["-O2", "-Wall", "-Wextra", "-Werror", *_CFFI_WARNS])
    try:
        return Path(builder.compile(tmpdir=str(directory)))
    except VerificationError as error:
        raise RuntimeError("the C part cannot be built") from error
