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
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

struct functions srtp;
static struct peer peers[MAX_PEERS];
static int peer_count, poll_fd = -1, slow_fd = -1;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int stopping;
static struct packet *video, *audio;
static int *frame_first, frames, audio_frames;
static int64_t window_from, window_to;
struct counters count, idle;
static uint32_t *delays; /* ns / 100 */
static uint64_t delay_count, delay_capacity;
static struct picture *pictures;
static uint64_t picture_count, picture_capacity;

void transmit(struct peer *p, const uint8_t *data, int length) {
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

/* Packets sent from now on are counted for `length` ns. Returns when that began, CLOCK_REALTIME ns. */
int64_t traffic_window(int64_t length) {
  pthread_mutex_lock(&lock);
  window_from = clock_ns(CLOCK_REALTIME);
  window_to = window_from + length;
  delay_count = 0;
  memset(&count, 0, sizeof count);
  int64_t began = window_from;
  pthread_mutex_unlock(&lock);
  return began;
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
