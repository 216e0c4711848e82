/*
 * The data path of the load generator: paces coded media to relays as a browser would, receives what they pass on.
 *
 * Python does SDP, ICE and DTLS and hands over a connected UDP socket with two SRTP sessions of pylibsrtp; one thread
 * here does the rest for all peers: RTP at its pace, a key frame on PLI or FIR; also while no media is sent SR, RR, REMB,
 * transport-wide feedback and, once a second, a NACK for something that did arrive, so that the relay's cache works.
 * What is neither RTP nor RTCP goes to Python through a socket pair.
 *
 * A packet carries the time it was sent in its last bytes; it is compared with the kernel's arrival time of what comes
 * out of the relay, so that this thread being late is no delay of the relay's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PEERS 512
#define MAX_STREAMS 4
#define MAX_ARRIVALS 200
#define FRAME_NS 40000000LL   /* 25 pictures a second */
#define AUDIO_NS 20000000LL   /* Opus frames */
#define SPACING_NS 2000000LL  /* between packets of one picture, as a browser's pacer */
#define SPREAD_NS 36000000LL  /* all packets of one picture leave within this time */
#define FEEDBACK_NS 100000000LL
#define REPORT_NS 1000000000LL
#define REMB_BPS 3000000u
#define ROUND_TRIP_NS 20000000LL /* what reports claim: at 0 ms Janus 1.1 keeps no packets for retransmission */
#define STAMP_SIZE 16
#define STAMP_MAGIC 0x50535242u
#define NTP_OFFSET 2208988800u
#define KEY_CODE 41 /* timestamps step by 3600 plus -20..20, so that a re-encoded picture can be told again */

typedef int (*srtp_function)(void *session, void *packet, int *length);

struct functions {
  srtp_function protect, unprotect, protect_rtcp, unprotect_rtcp;
};

struct packet {
  const uint8_t *data;
  int length;
};

struct peer_config {
  int32_t fd, group;
  int32_t stamped; /* 0: payloads stay decodable, pictures are logged instead */
  uint16_t port, padding;
  char address[48];
  void *send_session, *receive_session;
  uint32_t audio_ssrc, video_ssrc;
  uint8_t audio_type, video_type, mid_extension, level_extension, transport_extension;
  char audio_mid, video_mid, padding2;
};

/* What the receiving side knows of one incoming stream, for its reports. */
struct incoming {
  uint32_t ssrc, last_report;
  int64_t last_report_at;
  uint16_t highest, cycles, base;
  uint32_t received, prior_received, prior_expected;
  uint8_t type;
};

struct peer {
  struct peer_config config;
  struct sockaddr_storage to;
  socklen_t to_size;
  int sending, wants_key;
  uint16_t audio_sequence, video_sequence, transport_sequence, picture_id;
  uint8_t tl0;
  uint32_t audio_timestamp, video_timestamp, frame_count, audio_count, loop_at, packet_at;
  uint32_t sent_audio, sent_video, octets_audio, octets_video;
  int64_t next_audio, next_video, frame_began, next_report, next_feedback;
  struct incoming incoming[MAX_STREAMS];
  int streams;
  struct { uint16_t sequence; int64_t at; } arrivals[MAX_ARRIVALS];
  int arrived;
  uint8_t feedback_count;
};

struct counters {
  uint64_t sent, received, send_errors, refused, retransmitted, key_requests, nacks, rembs, feedbacks, key_frames;
};

struct picture {
  int64_t at;
  uint32_t timestamp;
  uint16_t peer, is_received;
};

static struct functions srtp;
static struct peer peers[MAX_PEERS];
static int peer_count, poll_fd = -1, slow_fd = -1;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int stopping;
static struct packet *video, *audio;
static int *frame_first, frames, audio_frames;
static int64_t window_from, window_to;
static struct counters count, idle; /* idle: of peers whose relay is not the one measured */
static uint32_t *delays; /* ns / 100 */
static uint64_t delay_count, delay_capacity;
static struct picture *pictures;
static uint64_t picture_count, picture_capacity;

static int64_t clock_ns(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void put16(uint8_t *b, uint16_t v) { b[0] = v >> 8; b[1] = v; }
static void put32(uint8_t *b, uint32_t v) { b[0] = v >> 24; b[1] = v >> 16; b[2] = v >> 8; b[3] = v; }
static uint16_t get16(const uint8_t *b) { return b[0] << 8 | b[1]; }
static uint32_t get32(const uint8_t *b) { return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]; }

static struct counters *counters_of(struct peer *p) { return p->sending ? &count : &idle; }

static void transmit(struct peer *p, const uint8_t *data, int length) {
  if (sendto(p->config.fd, data, length, MSG_DONTWAIT, (struct sockaddr *)&p->to, p->to_size) < 0) count.send_errors++;
}

static void log_picture(struct peer *p, uint32_t timestamp, int64_t at, int is_received) {
  if (picture_count < picture_capacity)
    pictures[picture_count++] = (struct picture){at, timestamp, (uint16_t)(p - peers), (uint16_t)is_received};
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static int write_header(struct peer *p, uint8_t *b, int is_video, int marker) {
  const struct peer_config *c = &p->config;
  b[0] = 0x90;
  b[1] = (marker ? 0x80 : 0) | (is_video ? c->video_type : c->audio_type);
  put16(b + 2, is_video ? p->video_sequence++ : p->audio_sequence++);
  put32(b + 4, is_video ? p->video_timestamp : p->audio_timestamp);
  put32(b + 8, is_video ? c->video_ssrc : c->audio_ssrc);
  put16(b + 12, 0xbede);
  int n = 16;
  if (c->mid_extension) { b[n++] = c->mid_extension << 4; b[n++] = is_video ? c->video_mid : c->audio_mid; }
  if (is_video && c->transport_extension) {
    b[n++] = c->transport_extension << 4 | 1;
    put16(b + n, p->transport_sequence++);
    n += 2;
  }
  if (!is_video && c->level_extension) { b[n++] = c->level_extension << 4; b[n++] = 0x80 | 30; }
  while (n % 4) b[n++] = 0;
  put16(b + 14, (n - 16) / 4);
  return n;
}

/* RFC 7741 4.2: 15-bit picture id, TL0PICIDX, TID; L1T3 as 0 2 1 2. */
static int write_descriptor(struct peer *p, uint8_t *b, int is_first) {
  static const uint8_t layer[4] = {0, 2, 1, 2};
  uint8_t tid = layer[p->loop_at % 4];
  b[0] = 0x80 | (is_first ? 0x10 : 0);
  b[1] = 0xe0;
  put16(b + 2, 0x8000 | p->picture_id);
  b[4] = p->tl0;
  b[5] = tid << 6 | 0x20;
  return 6;
}

static void send_media(struct peer *p, const struct packet *media, int is_video, int is_first, int marker) {
  uint8_t b[2048];
  int n = write_header(p, b, is_video, marker), began = n;
  if (is_video) n += write_descriptor(p, b + n, is_first);
  memcpy(b + n, media->data, media->length);
  n += media->length;
  int64_t at = clock_ns(CLOCK_REALTIME);
  if (p->config.stamped) {
    uint32_t magic = STAMP_MAGIC;
    memcpy(b + n, &magic, 4);
    memset(b + n + 4, 0, 4);
    memcpy(b + n + 8, &at, 8);
    n += STAMP_SIZE;
    if (at >= window_from && at < window_to) count.sent++;
  } else if (is_video && marker) {
    log_picture(p, p->video_timestamp, at, 0);
  }
  if (is_video) { p->sent_video++; p->octets_video += n - began; }
  else { p->sent_audio++; p->octets_audio += n - began; }
  if (srtp.protect(p->config.send_session, b, &n)) { count.send_errors++; return; }
  transmit(p, b, n);
}

static void begin_frame(struct peer *p) {
  p->frame_began = p->next_video;
  if (p->wants_key) { p->loop_at = 0; p->wants_key = 0; }
  if (p->loop_at == 0) count.key_frames++;
  if (p->loop_at % 4 == 0) p->tl0++;
  p->packet_at = frame_first[p->loop_at];
}

static void send_video(struct peer *p) {
  if ((int)p->packet_at == frame_first[p->loop_at]) begin_frame(p);
  uint32_t first = frame_first[p->loop_at], last = frame_first[p->loop_at + 1] - 1;
  send_media(p, &video[p->packet_at], 1, p->packet_at == first, p->packet_at == last);
  if (p->packet_at++ < last) {
    int64_t spacing = SPREAD_NS / (last - first + 1);
    p->next_video += spacing < SPACING_NS ? spacing : SPACING_NS;
    return;
  }
  p->video_timestamp += 3600 + p->frame_count++ % KEY_CODE - KEY_CODE / 2;
  p->picture_id = (p->picture_id + 1) & 0x7fff;
  p->loop_at = (p->loop_at + 1) % frames;
  p->packet_at = frame_first[p->loop_at];
  p->next_video = p->frame_began + FRAME_NS;
}

static void send_audio(struct peer *p) {
  send_media(p, &audio[p->audio_count++ % audio_frames], 0, 0, 0);
  p->audio_timestamp += 960;
  p->next_audio += AUDIO_NS;
}

/* --- RTCP ------------------------------------------------------------------------------------------------------- */

static int head(uint8_t *b, int number, int type, int length) {
  b[0] = 0x80 | number;
  b[1] = type;
  put16(b + 2, length / 4 - 1);
  return length;
}

static void send_rtcp(struct peer *p, uint8_t *b, int n) {
  if (srtp.protect_rtcp(p->config.send_session, b, &n) == 0) transmit(p, b, n);
}

/* Receiver report on the streams of one kind; apart from the sender report, as libwebrtc's receivers do. */
static int write_receiver_report(struct peer *p, uint8_t *b, int is_video, int64_t now) {
  int n = 8, blocks = 0;
  put32(b + 4, is_video ? p->config.video_ssrc : p->config.audio_ssrc);
  for (int i = 0; i < p->streams; i++) {
    if (p->incoming[i].type != (is_video ? p->config.video_type : p->config.audio_type)) continue;
    struct incoming *in = &p->incoming[i];
    uint32_t extended = (uint32_t)in->cycles << 16 | in->highest, expected = extended - in->base + 1;
    int32_t lost = (int32_t)(expected - in->received);
    int32_t expected_now = expected - in->prior_expected, received_now = in->received - in->prior_received;
    int32_t lost_now = expected_now - received_now;
    in->prior_expected = expected;
    in->prior_received = in->received;
    put32(b + n, in->ssrc);
    put32(b + n + 4, (expected_now > 0 && lost_now > 0 ? (uint32_t)(lost_now * 256 / expected_now) << 24 : 0)
                         | (lost > 0 ? lost & 0xffffff : 0));
    put32(b + n + 8, extended);
    put32(b + n + 12, 10);
    put32(b + n + 16, in->last_report);
    int64_t since = now - in->last_report_at - ROUND_TRIP_NS;
    put32(b + n + 20, in->last_report && since > 0 ? (uint32_t)(since * 65536 / 1000000000LL) : 0);
    n += 24;
    blocks++;
  }
  return head(b, blocks, 201, n);
}

static int write_sender_report(struct peer *p, uint8_t *b, int is_video, int64_t now) {
  int64_t real = clock_ns(CLOCK_REALTIME);
  int64_t elapsed = now - (is_video ? p->frame_began : p->next_audio - AUDIO_NS);
  put32(b + 4, is_video ? p->config.video_ssrc : p->config.audio_ssrc);
  put32(b + 8, real / 1000000000LL + NTP_OFFSET);
  put32(b + 12, (uint32_t)(((uint64_t)(real % 1000000000LL) << 32) / 1000000000ULL));
  put32(b + 16, is_video ? p->video_timestamp + elapsed * 9 / 100000 : p->audio_timestamp + elapsed * 6 / 125000);
  put32(b + 20, is_video ? p->sent_video : p->sent_audio);
  put32(b + 24, is_video ? p->octets_video : p->octets_audio);
  return head(b, 0, 200, 28);
}

static int write_name(struct peer *p, uint8_t *b, int is_video) {
  put32(b + 4, is_video ? p->config.video_ssrc : p->config.audio_ssrc);
  memcpy(b + 8, "\x01\x04load\0", 8); /* CNAME, end of list, padding */
  return head(b, 1, 202, 16);
}

static int write_remb(struct peer *p, uint8_t *b) {
  uint32_t mantissa = REMB_BPS, exponent = 0;
  int n = 20, named = 0;
  for (; mantissa >= 1 << 18; mantissa >>= 1) exponent++;
  put32(b + 4, p->config.video_ssrc);
  put32(b + 8, 0);
  memcpy(b + 12, "REMB", 4);
  for (int i = 0; i < p->streams; i++)
    if (p->incoming[i].type == p->config.video_type) { put32(b + n, p->incoming[i].ssrc); n += 4; named++; }
  put32(b + 16, named << 24 | exponent << 18 | mantissa);
  return named ? head(b, 15, 206, n) : 0;
}

static void send_reports(struct peer *p, int64_t now) {
  uint8_t b[1024];
  for (int is_video = 0; is_video < 2; is_video++) {
    int n = write_sender_report(p, b, is_video, now);
    n += write_receiver_report(p, b + n, is_video, now);
    n += write_name(p, b + n, is_video);
    if (is_video) n += write_remb(p, b + n);
    send_rtcp(p, b, n);
  }
  for (int i = 0; i < p->streams; i++) {
    struct incoming *in = &p->incoming[i];
    if (in->type != p->config.video_type || in->received < 20) continue;
    put32(b + 4, p->config.video_ssrc);
    put32(b + 8, in->ssrc);
    put16(b + 12, in->highest - 5);
    put16(b + 14, 0);
    send_rtcp(p, b, head(b, 1, 205, 16));
  }
}

/* draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1, two-bit status vectors as they come. */
static void send_feedback(struct peer *p) {
  uint8_t b[1400];
  if (!p->arrived) return;
  uint16_t base = p->arrivals[0].sequence;
  int64_t times[MAX_ARRIVALS] = {0};
  int size = 0;
  for (int i = 0; i < p->arrived; i++) {
    int at = (uint16_t)(p->arrivals[i].sequence - base);
    if (at >= MAX_ARRIVALS) continue;
    times[at] = p->arrivals[i].at;
    if (at + 1 > size) size = at + 1;
  }
  int64_t reference = p->arrivals[0].at / 64000000LL, clock = reference * 256;
  put32(b + 4, p->config.video_ssrc);
  put32(b + 8, p->streams ? p->incoming[p->streams - 1].ssrc : 0);
  put16(b + 12, base);
  put16(b + 14, size);
  put32(b + 16, (uint32_t)(reference & 0xffffff) << 8 | p->feedback_count++);
  int chunks = (size + 6) / 7, n = 20 + 2 * chunks;
  memset(b + 20, 0, 2 * chunks);
  for (int i = 0; i < chunks; i++) b[20 + 2 * i] = 0xc0;
  for (int at = 0; at < size; at++) {
    if (!times[at]) continue;
    int64_t delta = times[at] / 250000 - clock;
    clock += delta;
    int is_small = delta >= 0 && delta < 256, shift = 12 - 2 * (at % 7);
    uint8_t *chunk = b + 20 + 2 * (at / 7);
    put16(chunk, get16(chunk) | (is_small ? 1 : 2) << shift);
    if (is_small) b[n++] = delta;
    else { put16(b + n, (uint16_t)delta); n += 2; }
  }
  int padding = -n & 3;
  for (int i = 0; i < padding; i++) b[n + i] = i == padding - 1 ? padding : 0;
  n += padding;
  head(b, 15, 205, n);
  if (padding) b[0] |= 0x20;
  send_rtcp(p, b, n);
  p->arrived = 0;
}

static void read_rtcp(struct peer *p, const uint8_t *b, int size, int64_t now) {
  for (int at = 0; at + 8 <= size;) {
    int number = b[at] & 31, type = b[at + 1], length = 4 * (get16(b + at + 2) + 1);
    if (at + length > size) return;
    if (type == 206 && (number == 1 || number == 4)) { counters_of(p)->key_requests++; p->wants_key = 1; }
    else if (type == 206 && number == 15) counters_of(p)->rembs++;
    else if (type == 205 && number == 1) counters_of(p)->nacks++;
    else if (type == 205 && number == 15) counters_of(p)->feedbacks++;
    else if (type == 200 && length >= 28)
      for (int i = 0; i < p->streams; i++)
        if (p->incoming[i].ssrc == get32(b + at + 4)) {
          p->incoming[i].last_report = get16(b + at + 10) << 16 | get16(b + at + 12);
          p->incoming[i].last_report_at = now;
        }
    at += length;
  }
}

/* --- receiving -------------------------------------------------------------------------------------------------- */

static struct incoming *stream_of(struct peer *p, uint32_t ssrc, uint16_t sequence, uint8_t type) {
  for (int i = 0; i < p->streams; i++)
    if (p->incoming[i].ssrc == ssrc) return &p->incoming[i];
  if (p->streams == MAX_STREAMS) return NULL;
  struct incoming *in = &p->incoming[p->streams++];
  memset(in, 0, sizeof *in);
  in->ssrc = ssrc;
  in->type = type;
  in->base = in->highest = sequence;
  return in;
}

static void note_sequence(struct incoming *in, uint16_t sequence) {
  in->received++;
  if ((uint16_t)(sequence - in->highest) < 0x8000) {
    if (sequence < in->highest) in->cycles++;
    in->highest = sequence;
  }
}

static void note_arrival(struct peer *p, const uint8_t *b, int end, int64_t at) {
  for (int i = 16; i < end;) {
    int id = b[i] >> 4, length = (b[i] & 15) + 1;
    if (!b[i]) { i++; continue; }
    if (id == p->config.transport_extension && length == 2 && p->arrived < MAX_ARRIVALS) {
      p->arrivals[p->arrived].sequence = get16(b + i + 1);
      p->arrivals[p->arrived++].at = at;
      return;
    }
    i += 1 + length;
  }
}

static void note_delay(struct peer *p, const uint8_t *b, int n, int64_t at) {
  uint32_t magic;
  int64_t sent;
  memcpy(&magic, b + n - STAMP_SIZE, 4);
  memcpy(&sent, b + n - 8, 8);
  if (magic != STAMP_MAGIC || sent < window_from || sent >= window_to) return;
  counters_of(p)->received++;
  if (delay_count < delay_capacity) delays[delay_count++] = at > sent ? (at - sent) / 100 : 0;
}

static void read_media(struct peer *p, uint8_t *b, int n, int64_t at) {
  if (srtp.unprotect(p->config.receive_session, b, &n) || n < 12 + STAMP_SIZE) { counters_of(p)->refused++; return; }
  uint8_t type = b[1] & 127;
  int has_extension = b[0] & 0x10 && get16(b + 12) == 0xbede, end = has_extension ? 16 + 4 * get16(b + 14) : 12;
  if (has_extension && end <= n && p->config.transport_extension) note_arrival(p, b, end, at);
  if (type != p->config.audio_type && type != p->config.video_type) { counters_of(p)->retransmitted++; return; }
  struct incoming *in = stream_of(p, get32(b + 8), get16(b + 2), type);
  if (in) note_sequence(in, get16(b + 2));
  if (p->config.stamped) note_delay(p, b, n, at);
  else if (type == p->config.video_type && b[1] & 0x80) log_picture(p, get32(b + 4), at, 1);
}

static int64_t arrival_time(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, CMSG_DATA(c), sizeof t);
      return t.tv_sec * 1000000000LL + t.tv_nsec;
    }
  return clock_ns(CLOCK_REALTIME);
}

static void pass_to_python(int peer, const uint8_t *b, int n) {
  uint8_t message[4 + 2048];
  memcpy(message, &peer, 4);
  memcpy(message + 4, b, n);
  if (send(slow_fd, message, 4 + n, MSG_DONTWAIT) < 0) count.send_errors++;
}

static void receive(int number) {
  struct peer *p = &peers[number];
  uint8_t b[2048], control[64];
  for (int i = 0; i < 16; i++) {
    struct iovec piece = {b, sizeof b};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int n = recvmsg(p->config.fd, &message, MSG_DONTWAIT);
    if (n <= 1) return;
    if (b[0] < 128 || b[0] > 191) pass_to_python(number, b, n);
    else if (b[1] >= 192 && b[1] <= 223) {
      if (srtp.unprotect_rtcp(p->config.receive_session, b, &n)) counters_of(p)->refused++;
      else read_rtcp(p, b, n, clock_ns(CLOCK_MONOTONIC));
    } else read_media(p, b, n, arrival_time(&message));
  }
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static int64_t send_due(int64_t now) {
  int64_t next = now + 5000000;
#define EARLIER(t) if ((t) < next) next = (t)
  for (int i = 0; i < peer_count; i++) {
    struct peer *p = &peers[i];
    if (p->config.fd < 0) continue;
    if (p->sending) {
      while (p->next_audio <= now) send_audio(p);
      while (p->next_video <= now) send_video(p);
      EARLIER(p->next_audio);
      EARLIER(p->next_video);
    }
    if (p->next_feedback <= now) { send_feedback(p); p->next_feedback = now + FEEDBACK_NS; }
    if (p->next_report <= now) { send_reports(p, now); p->next_report = now + REPORT_NS; }
    EARLIER(p->next_feedback);
  }
  return next;
}

static void *work(void *unused) {
  struct epoll_event events[64];
  prctl(PR_SET_TIMERSLACK, 1);
  while (!stopping) {
    pthread_mutex_lock(&lock);
    int64_t now = clock_ns(CLOCK_MONOTONIC), next = send_due(now);
    pthread_mutex_unlock(&lock);
    int64_t wait = next - clock_ns(CLOCK_MONOTONIC);
    struct timespec timeout = {0, wait > 0 ? wait : 0};
    int ready = epoll_pwait2(poll_fd, events, 64, &timeout, NULL);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < ready; i++)
      if (peers[events[i].data.u32].config.fd >= 0) receive(events[i].data.u32);
    pthread_mutex_unlock(&lock);
  }
  return unused;
}

/* --- called from Python ----------------------------------------------------------------------------------------- */

void traffic_start(const struct functions *functions, int slow, uint64_t most_delays, uint64_t most_pictures) {
  srtp = *functions;
  slow_fd = slow;
  delays = malloc((delay_capacity = most_delays) * sizeof *delays);
  pictures = malloc((picture_capacity = most_pictures) * sizeof *pictures);
  poll_fd = epoll_create1(EPOLL_CLOEXEC);
  pthread_create(&thread, NULL, work, NULL);
}

static struct packet *slices(int n, const uint8_t *blob, const int *offsets) {
  uint8_t *data = malloc(offsets[n]);
  struct packet *out = malloc(n * sizeof *out);
  memcpy(data, blob, offsets[n]);
  for (int i = 0; i < n; i++) out[i] = (struct packet){data + offsets[i], offsets[i + 1] - offsets[i]};
  return out;
}

/* Once, before the first peer sends. `first`: index of each frame's first packet, and one past the last. */
void traffic_media(int n_frames, const int *first, const uint8_t *video_blob, const int *video_offsets,
                   int n_audio, const uint8_t *audio_blob, const int *audio_offsets) {
  frames = n_frames;
  frame_first = malloc((n_frames + 1) * sizeof(int));
  memcpy(frame_first, first, (n_frames + 1) * sizeof(int));
  video = slices(first[n_frames], video_blob, video_offsets);
  audio_frames = n_audio;
  audio = slices(n_audio, audio_blob, audio_offsets);
}

/* Returns the peer's number, -1 when there are too many or the address cannot be read. */
int traffic_add(const struct peer_config *config) {
  pthread_mutex_lock(&lock);
  int number = peer_count < MAX_PEERS ? peer_count : -1;
  if (number >= 0) {
    struct peer *p = &peers[number];
    memset(p, 0, sizeof *p);
    p->config = *config;
    struct sockaddr_in *v4 = (void *)&p->to;
    struct sockaddr_in6 *v6 = (void *)&p->to;
    if (inet_pton(AF_INET, config->address, &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET; v4->sin_port = htons(config->port); p->to_size = sizeof *v4;
    } else if (inet_pton(AF_INET6, config->address, &v6->sin6_addr) == 1) {
      v6->sin6_family = AF_INET6; v6->sin6_port = htons(config->port); p->to_size = sizeof *v6;
    } else number = -1;
    p->audio_sequence = rand() & 0x3fff;
    p->video_sequence = rand() & 0x3fff;
    p->audio_timestamp = rand();
    p->video_timestamp = rand();
    p->picture_id = rand() & 0x7fff;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    p->next_report = p->next_audio = p->frame_began = now + rand() % 1000 * 1000000LL;
    p->next_feedback = now + rand() % 100 * 1000000LL;
  }
  if (number >= 0) {
    int size = 4 << 20, yes = 1;
    if (setsockopt(config->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
      setsockopt(config->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(config->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, config->fd, &event);
    peer_count++;
  }
  pthread_mutex_unlock(&lock);
  return number;
}

/* The peers of a group begin or stop to send; spread over a frame so that they do not send in step. */
void traffic_send(int group, int on) {
  pthread_mutex_lock(&lock);
  int64_t now = clock_ns(CLOCK_MONOTONIC) + 1000000;
  for (int i = 0, place = 0; i < peer_count; i++) {
    struct peer *p = &peers[i];
    if (p->config.group != group || p->config.fd < 0 || p->sending == on) continue;
    p->sending = on;
    p->next_audio = now + place * 7919LL % 20000 * 1000;
    p->next_video = p->frame_began = now + place * 10007LL % 40000 * 1000;
    p->packet_at = frame_first[p->loop_at = 0];
    place++;
  }
  picture_count = 0;
  pthread_mutex_unlock(&lock);
}

/* Packets sent from `from` to `to` (CLOCK_REALTIME ns) are counted from here on. */
void traffic_window(int64_t from, int64_t to) {
  pthread_mutex_lock(&lock);
  window_from = from;
  window_to = to;
  delay_count = 0;
  memset(&count, 0, sizeof count);
  pthread_mutex_unlock(&lock);
}

void traffic_read(struct counters *out, const uint32_t **all_delays, uint64_t *n_delays,
                  const struct picture **all_pictures, uint64_t *n_pictures) {
  pthread_mutex_lock(&lock);
  *out = count;
  *all_delays = delays;
  *n_delays = delay_count;
  *all_pictures = pictures;
  *n_pictures = picture_count;
  pthread_mutex_unlock(&lock);
}

/* The group's sockets and sessions are no longer touched when this returns. */
void traffic_forget(int group) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < peer_count; i++) {
    struct peer *p = &peers[i];
    if (p->config.group != group || p->config.fd < 0) continue;
    epoll_ctl(poll_fd, EPOLL_CTL_DEL, p->config.fd, NULL);
    p->sending = 0;
    p->config.fd = -1;
  }
  pthread_mutex_unlock(&lock);
}

void traffic_stop(void) {
  stopping = 1;
  pthread_join(thread, NULL);
}
