/*
 * The datagrams of a media worker, read, opened, sealed and sent with one call from Python each.
 *
 * One thread only: each call is finished before the next, all share one buffer. libsrtp is pylibsrtp's; its functions
 * come as pointers (use_srtp), so that nothing is linked. What a structure points to is kept alive by the Python
 * objects that own it (relay/native/__init__.py); a closed socket's descriptor is -1, which the kernel refuses.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { LIMIT = 2048, TRAILER = 148, ORIGIN_CHANGED = 1 << 16 };

typedef int (*srtp_step)(void *session, void *data, int *length);

struct port {
    int fd;
    socklen_t length;
    struct sockaddr_storage origin; /* of the last datagram */
};

struct peer {
    struct port *port;
    void *receiving, *sending; /* srtp_t */
    socklen_t length;
    struct sockaddr_storage address;
};

static char buffer[LIMIT];
static srtp_step unprotect[2], protect[2]; /* of media, of RTCP */

static void use_srtp(void *unprotect_rtp, void *unprotect_rtcp, void *protect_rtp, void *protect_rtcp)
{
    unprotect[0] = (srtp_step)unprotect_rtp;
    unprotect[1] = (srtp_step)unprotect_rtcp;
    protect[0] = (srtp_step)protect_rtp;
    protect[1] = (srtp_step)protect_rtcp;
}

/* Reads one datagram into the buffer. Returns its size, with ORIGIN_CHANGED when another address sent the last one;
 * -1 when there is none. LIMIT: it may have been cut. */
static int receive(struct port *port)
{
    struct sockaddr_storage origin;
    socklen_t length = sizeof origin;
    ssize_t size = recvfrom(port->fd, buffer, LIMIT, MSG_DONTWAIT, (struct sockaddr *)&origin, &length);

    if (size < 0)
        return -1;
    if (length > sizeof origin)
        length = sizeof origin;
    if (length == port->length && memcmp(&origin, &port->origin, length) == 0)
        return (int)size;
    memcpy(&port->origin, &origin, length);
    port->length = length;
    return (int)size | ORIGIN_CHANGED;
}

/* Writes the last origin's address as text. Returns its port, -1 when it has none. */
static int describe_origin(const struct port *port, char text[INET6_ADDRSTRLEN])
{
    if (port->origin.ss_family == AF_INET) {
        const struct sockaddr_in *at = (const struct sockaddr_in *)&port->origin;
        return inet_ntop(AF_INET, &at->sin_addr, text, INET6_ADDRSTRLEN) ? ntohs(at->sin_port) : -1;
    }
    if (port->origin.ss_family == AF_INET6) {
        const struct sockaddr_in6 *at = (const struct sockaddr_in6 *)&port->origin;
        return inet_ntop(AF_INET6, &at->sin6_addr, text, INET6_ADDRSTRLEN) ? ntohs(at->sin6_port) : -1;
    }
    return -1;
}

/* Returns 0, -1 when this is no address. */
static int set_address(struct peer *peer, const char *host, int port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&peer->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&peer->address;

    memset(&peer->address, 0, sizeof peer->address);
    peer->length = 0;
    if (port < 0 || port > 0xFFFF)
        return -1;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((unsigned short)port);
        peer->length = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((unsigned short)port);
        peer->length = sizeof *v6;
    }
    return peer->length ? 0 : -1;
}

/* Decrypts and authenticates into the buffer. Returns the size there, -1 when it is not the peer's. */
static int open_sealed(const struct peer *peer, int is_rtcp, const char *data, int size)
{
    if (size < 0 || size > LIMIT)
        return -1;
    memcpy(buffer, data, (size_t)size);
    return unprotect[is_rtcp != 0](peer->receiving, buffer, &size) == 0 ? size : -1;
}

/* Seals and sends. :number: written in two bytes at number_at, unless that is 0. Returns 0; -1 when it cannot be
 * sealed; -2 when the socket did not take it. */
static int send_sealed(const struct peer *peer, int is_rtcp, const char *data, int size, int number_at, int number)
{
    ssize_t sent;

    if (size < 0 || size > LIMIT - TRAILER)
        return -1;
    memcpy(buffer, data, (size_t)size);
    if (number_at > 0 && number_at + 1 < size) {
        buffer[number_at] = (char)(number >> 8);
        buffer[number_at + 1] = (char)number;
    }
    if (protect[is_rtcp != 0](peer->sending, buffer, &size) != 0)
        return -1;
    sent = sendto(peer->port->fd, buffer, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&peer->address, peer->length);
    return sent < 0 ? -2 : 0;
}
