#include "capture.h"

#include <stdio.h>
#include <string.h>

#ifndef _WIN32
#include <net/if.h>
#ifdef __APPLE__
#include <sys/select.h>
#else
#include <poll.h>
#endif
#endif

#define WAKE_INTERVAL_NS 1000000u
#define IDLE_WAIT_MS 200
#define RETRY_WAIT_MS 50
#define REFRESH_INTERVAL_NS 1000000000u
#define FRAMES_AT_ONCE 1024u

static void on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes);
static uint32_t frames_that_fit(Capture *capture);
static void read_the_rest(Capture *capture);
static void publish(Capture *capture);
static bool wake_consumer(Capture *capture, uint64_t now, uint64_t *last_wake);
static void wait_for_frames(Capture *capture, int timeout_ms, bool watch_frames);
static void answer_filter_request(Capture *capture);
static void end(Capture *capture, const char *reason);

/*
 * One turn: take what the kernel has and the ring can hold, publish it, wake the reader at most once a millisecond, wait.
 * When the ring has no room the frames stay in the kernel's buffer, which goes on counting its own drops.
 */
void capture_run(void *data) {
  Capture *capture = data;
  thread_hurry();
  uint64_t last_wake = 0, last_check = monotonic_ns(), last_refresh = last_check;
  while (!load_acquire(&capture->stop)) {
    answer_filter_request(capture);
    uint32_t room = frames_that_fit(capture);
    int taken = room > 0 ? api.pcap_dispatch(capture->pcap, (int)room, on_frame, (u_char *)capture) : 0;
    publish(capture);
    uint64_t now = monotonic_ns();
    bool owes_wake = wake_consumer(capture, now, &last_wake);
    bool failed = taken < 0 && taken != PCAP_ERROR_BREAK;
    if (failed || now - last_check > (uint64_t)IDLE_WAIT_MS * 1000000u) {
      last_check = now;
      if (!capture_interface_exists(capture)) {
        read_the_rest(capture);
        end(capture, failed ? api.pcap_geterr(capture->pcap) : "");
        return;
      }
    }
    if (now - last_refresh > REFRESH_INTERVAL_NS) {
      last_refresh = now;
      capture_refresh_counters(capture);
    }
    if (taken > 0) continue;
    /* An interface that is merely down reports an error once and stays: it may come up again. */
    if (failed) wait_for_frames(capture, RETRY_WAIT_MS, false);
    else wait_for_frames(capture, owes_wake || room == 0 ? 1 : IDLE_WAIT_MS, room > 0);
  }
  end(capture, NULL);
}

static void on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes) {
  Capture *capture = (Capture *)user;
  uint32_t length = header->caplen, direction = direction_of(&capture->direction, bytes, header->caplen);
  if (direction == DIRECTION_SENT && !capture->options.see_sent) return;
  uint32_t record = (RING_HEADER_BYTES + length + 7u) & ~7u;
  uint32_t at = capture->head & (capture->ring_bytes - 1), to_end = capture->ring_bytes - at;
  bool wraps = record > to_end;
  uint32_t need = wraps ? record + to_end : record;
  if (length > capture->ring_bytes || need > capture->ring_bytes - (capture->head - capture->tail_seen)) {
    counter_add(&capture->counters.dropped_by_ring, 1);
    return;
  }
  if (wraps) {
    uint32_t mark = RING_WRAP;
    memcpy(capture->ring + at, &mark, sizeof mark);
    at = 0;
  }
  uint32_t fraction = (uint32_t)header->ts.tv_usec;
  uint32_t words[6] = { length, header->len, (uint32_t)header->ts.tv_sec, capture->nanoseconds ? fraction : fraction * 1000u, direction, record };
  memcpy(capture->ring + at, words, sizeof words);
  memcpy(capture->ring + at + RING_HEADER_BYTES, bytes, length);
  capture->head += need;
  counter_add(&capture->counters.received, 1);
  if (header->len > length) counter_add(&capture->counters.truncated, 1);
}

/* Frames of the largest size that surely fit, so that the ring itself never has to drop. */
static uint32_t frames_that_fit(Capture *capture) {
  capture->tail_seen = load_acquire(&capture->control[CONTROL_TAIL]);
  uint32_t largest = (RING_HEADER_BYTES + capture->snap_length + 11u) & ~7u;
  uint32_t slots = (capture->ring_bytes - (capture->head - capture->tail_seen)) / largest;
  /* One slot is kept for the unused rest before a wrap. */
  if (slots < 2) return 0;
  return slots - 1 < FRAMES_AT_ONCE ? slots - 1 : FRAMES_AT_ONCE;
}

/* What came just before the interface went: the kernel shows its last block when the block's time has run out. */
static void read_the_rest(Capture *capture) {
  uint32_t patience_ms = capture->options.timeout_ms < RETRY_WAIT_MS ? capture->options.timeout_ms + 1 : RETRY_WAIT_MS;
  for (int tries = 0; tries < 3 && !load_acquire(&capture->stop); tries++) {
    wait_for_frames(capture, (int)patience_ms, false);
    uint32_t room;
    while ((room = frames_that_fit(capture)) > 0 && api.pcap_dispatch(capture->pcap, (int)room, on_frame, (u_char *)capture) > 0) continue;
    publish(capture);
  }
}

static void publish(Capture *capture) {
  store_release(&capture->control[CONTROL_HEAD], capture->head);
}

/* True when frames wait, the reader sleeps and it is too early to wake it. */
static bool wake_consumer(Capture *capture, uint64_t now, uint64_t *last_wake) {
  /* Pairs with the reader, which stores WAITING and then looks at HEAD again: one of the two sees the other. */
  fence();
  if (!load_acquire(&capture->control[CONTROL_WAITING])) return false;
  if (load_acquire(&capture->control[CONTROL_TAIL]) == capture->head) return false;
  if (now - *last_wake < WAKE_INTERVAL_NS) return true;
  if (exchange(&capture->control[CONTROL_WAITING], 0)) {
    *last_wake = now;
    capture->notify(capture->notify_context, EVENT_READABLE);
  }
  return false;
}

#ifdef _WIN32

static void wait_for_frames(Capture *capture, int timeout_ms, bool watch_frames) {
  HANDLE events[2] = { capture->waker.event, NULL };
  DWORD count = 1;
  if (watch_frames && api.pcap_getevent) events[count++] = api.pcap_getevent(capture->pcap);
  else if (watch_frames && timeout_ms > 1) timeout_ms = 1;
  if (WaitForMultipleObjects(count, events, FALSE, (DWORD)timeout_ms) == WAIT_OBJECT_0) waker_clear(&capture->waker);
}

bool capture_interface_exists(const Capture *capture) {
  /* Npcap answers for a removed adapter with an error on every call. */
  struct pcap_stat ignored;
  return api.pcap_stats(capture->pcap, &ignored) == 0;
}

#else

#ifdef __APPLE__

/* poll() knows no devices there; a wait is kept short because not every version reports a BPF device whose timer ran out. */
#define LONGEST_SELECT_MS 10

static void wait_for_frames(Capture *capture, int timeout_ms, bool watch_frames) {
  int waker = capture->waker.read_fd, frames = watch_frames && api.pcap_get_selectable_fd ? api.pcap_get_selectable_fd(capture->pcap) : -1;
  if (waker >= FD_SETSIZE || frames >= FD_SETSIZE) frames = -1;
  if (timeout_ms > LONGEST_SELECT_MS) timeout_ms = LONGEST_SELECT_MS;
  if (watch_frames && frames < 0) timeout_ms = 1;
  struct timeval timeout = { .tv_sec = 0, .tv_usec = timeout_ms * 1000 };
  fd_set wanted;
  FD_ZERO(&wanted);
  if (waker < FD_SETSIZE) FD_SET(waker, &wanted);
  if (frames >= 0) FD_SET(frames, &wanted);
  int last = waker < FD_SETSIZE ? waker : -1;
  if (frames > last) last = frames;
  if (select(last + 1, &wanted, NULL, NULL, &timeout) > 0 && waker < FD_SETSIZE && FD_ISSET(waker, &wanted)) waker_clear(&capture->waker);
}

#else

static void wait_for_frames(Capture *capture, int timeout_ms, bool watch_frames) {
  struct pollfd wanted[2] = { { .fd = capture->waker.read_fd, .events = POLLIN } };
  nfds_t count = 1;
  int frames = watch_frames && api.pcap_get_selectable_fd ? api.pcap_get_selectable_fd(capture->pcap) : -1;
  if (frames >= 0) wanted[count++] = (struct pollfd) { .fd = frames, .events = POLLIN };
  else if (watch_frames && timeout_ms > 1) timeout_ms = 1;
  if (poll(wanted, count, timeout_ms) > 0 && wanted[0].revents) waker_clear(&capture->waker);
}

#endif

bool capture_interface_exists(const Capture *capture) {
  char name[IF_NAMESIZE];
  if (capture->direction.interface_index > 0) return if_indextoname((unsigned)capture->direction.interface_index, name) != NULL;
  return true;
}

#endif

static void answer_filter_request(Capture *capture) {
  mutex_lock(&capture->lock);
  if (capture->wanted_filter && !capture->filter_done) {
    char reason[PCAP_ERRBUF_SIZE];
    const char *problem = filter_install(capture->pcap, capture->wanted_filter, reason);
    snprintf(capture->filter_error, sizeof capture->filter_error, "%s", problem ? problem : "");
    capture->filter_done = true;
    condition_signal(&capture->answered);
  }
  mutex_unlock(&capture->lock);
}

/* @param reason NULL when we were asked to stop */
static void end(Capture *capture, const char *reason) {
  mutex_lock(&capture->lock);
  capture->ended = true;
  if (reason) snprintf(capture->end_reason, sizeof capture->end_reason, "%s", reason);
  condition_signal(&capture->answered);
  mutex_unlock(&capture->lock);
  if (reason) capture->notify(capture->notify_context, EVENT_CLOSED);
}
