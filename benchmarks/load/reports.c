/*
 * The generator's RTCP: what a browser as sender and receiver would say, and what it does about what it hears.
 *
 * Reports on what came in go in receiver reports of their own, as libwebrtc's receivers send them (Janus reads no
 * blocks in sender reports), and claim a round trip of ROUND_TRIP_NS.
 */
#include "traffic.h"

#include <string.h>

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

void send_reports(struct peer *p, int64_t now) {
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
void send_feedback(struct peer *p) {
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

void read_rtcp(struct peer *p, const uint8_t *b, int size, int64_t now) {
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
