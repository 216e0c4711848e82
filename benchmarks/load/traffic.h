/* What the two halves of the data path share: peers, counters, byte order. */
#pragma once
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

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

extern struct functions srtp;
extern struct counters count, idle; /* idle: of peers whose relay is not the one measured */

void transmit(struct peer *p, const uint8_t *data, int length);
void send_reports(struct peer *p, int64_t now);
void send_feedback(struct peer *p);
void read_rtcp(struct peer *p, const uint8_t *b, int size, int64_t now);

static inline int64_t clock_ns(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void put16(uint8_t *b, uint16_t v) { b[0] = v >> 8; b[1] = v; }
static inline void put32(uint8_t *b, uint32_t v) { b[0] = v >> 24; b[1] = v >> 16; b[2] = v >> 8; b[3] = v; }
static inline uint16_t get16(const uint8_t *b) { return b[0] << 8 | b[1]; }
static inline uint32_t get32(const uint8_t *b) { return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]; }

static inline struct counters *counters_of(struct peer *p) { return p->sending ? &count : &idle; }
