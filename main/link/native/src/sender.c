#include "sender.h"

#include <stdlib.h>
#include <string.h>

/* A millisecond's worth at some gigabits a second: enough not to run dry while the caller is busy, and short for what is to leave behind it. */
#define RING_BYTES (512u << 10)
#define HEADER_BYTES 8u
/* No interface has frames that come near it. */
#define LONGEST_FRAME (RING_BYTES / 4)
#define FRAMES_A_CALL 64u
/* So few are sent sooner from here than a thread wakes. */
#define FRAMES_SENT_HERE 4u
#define FULL_QUEUE_WAIT_MS 1
#define FAREWELL_NS 200000000u

/* Frames that lie in the ring one behind the other, and where the ring goes on behind each. */
typedef struct {
  uint32_t count;
  uint32_t offsets[FRAMES_A_CALL];
  uint32_t lengths[FRAMES_A_CALL];
  uint32_t ends[FRAMES_A_CALL];
} Gathered;

static bool has_thread(Sender *sender);
static bool is_quiet(Sender *sender);
static uint32_t send_here(Sender *sender, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count);
static uint32_t send_beside(Sender *sender, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count);
static bool append(Sender *sender, const uint8_t *frame, uint32_t length, uint32_t tail, uint32_t *head);
static void run(void *data);
static void gather(const Sender *sender, uint32_t from, uint32_t to, Gathered *into);
static bool tell_caller(Sender *sender);

void sender_open(Sender *sender, const char *interface_name, void (*notify)(void *context), void *context) {
  memset(sender, 0, sizeof *sender);
  sender->notify = notify;
  sender->notify_context = context;
  injector_open(&sender->injector, interface_name);
}

uint32_t sender_send(Sender *sender, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count) {
  if (!sender->injector.open) return 0;
  bool here = is_quiet(sender) && (count <= FRAMES_SENT_HERE || !has_thread(sender));
  uint32_t taken = (here ? send_here : send_beside)(sender, bytes, offsets, lengths, count);
  sender->taken += taken;
  return taken;
}

void sender_counts(Sender *sender, uint64_t *sent, uint64_t *failed) {
  if (sender->thread_running) mutex_lock(&sender->lock);
  *failed = sender->failed;
  *sent = sender->taken - sender->failed;
  if (sender->thread_running) mutex_unlock(&sender->lock);
}

void sender_close(Sender *sender) {
  if (sender->thread_running) {
    mutex_lock(&sender->lock);
    sender->leave_at_ns = monotonic_ns() + FAREWELL_NS;
    condition_signal(&sender->filled);
    mutex_unlock(&sender->lock);
    thread_join(&sender->thread);
    sender->thread_running = false;
    for (Gathered left; sender->tail != sender->head; sender->tail = left.ends[left.count - 1]) {
      gather(sender, sender->tail, sender->head, &left);
      sender->failed += left.count;
    }
    condition_destroy(&sender->filled);
    mutex_destroy(&sender->lock);
    free(sender->ring);
  }
  injector_close(&sender->injector);
}

/* Starts it when there is work for it for the first time: who only watches has none. */
static bool has_thread(Sender *sender) {
#ifdef __linux__
  if (sender->thread_running) return true;
  sender->ring = malloc(RING_BYTES);
  if (!sender->ring) return false;
  mutex_init(&sender->lock);
  condition_init(&sender->filled);
  sender->thread_running = thread_start(&sender->thread, run, sender);
  if (sender->thread_running) return true;
  condition_destroy(&sender->filled);
  mutex_destroy(&sender->lock);
  free(sender->ring);
#else
  /* There pcap_sendpacket hands a frame to the driver and does no more. */
  (void)sender;
  (void)run;
#endif
  return false;
}

/* Whether nothing is on its way through the ring; only the caller can change that. */
static bool is_quiet(Sender *sender) {
  if (!sender->thread_running) return true;
  mutex_lock(&sender->lock);
  bool quiet = sender->head == sender->tail;
  mutex_unlock(&sender->lock);
  return quiet;
}

static uint32_t send_here(Sender *sender, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count) {
  uint32_t failed = 0, taken = injector_send(&sender->injector, bytes, offsets, lengths, count, &failed);
  sender->failed += failed;
  return taken;
}

static uint32_t send_beside(Sender *sender, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count) {
  uint32_t taken = 0;
  bool has_room = true;
  while (has_room && taken < count) {
    mutex_lock(&sender->lock);
    uint32_t head = sender->head, tail = sender->tail, failed = 0;
    mutex_unlock(&sender->lock);
    /* The thread begins while the rest is copied. */
    uint32_t end = count - taken < FRAMES_A_CALL ? count : taken + FRAMES_A_CALL;
    for (; taken < end; taken++) {
      if (lengths[taken] > LONGEST_FRAME) failed++;
      else if (!append(sender, bytes + offsets[taken], lengths[taken], tail, &head)) break;
    }
    mutex_lock(&sender->lock);
    if (sender->head == sender->tail) condition_signal(&sender->filled);
    sender->head = head;
    sender->failed += failed;
    has_room = taken == end || tail != sender->tail;
    sender->caller_waits = !has_room;
    mutex_unlock(&sender->lock);
  }
  return taken;
}

/* Copies a frame behind `head`; false where it has no room. */
static bool append(Sender *sender, const uint8_t *frame, uint32_t length, uint32_t tail, uint32_t *head) {
  uint32_t record = (HEADER_BYTES + length + 7u) & ~7u, at = *head & (RING_BYTES - 1), to_end = RING_BYTES - at;
  uint32_t need = record > to_end ? record + to_end : record, mark = SENDER_WRAP;
  if (need > RING_BYTES - (*head - tail)) return false;
  if (record > to_end) {
    memcpy(sender->ring + at, &mark, sizeof mark);
    at = 0;
  }
  memcpy(sender->ring + at, &length, sizeof length);
  memcpy(sender->ring + at + HEADER_BYTES, frame, length);
  *head += need;
  return true;
}

/* Sends what lies in the ring. A frame that finds the system's queue full is tried again, so none is overtaken. */
static void run(void *data) {
  Sender *sender = data;
  Gathered batch;
  thread_hurry();
  mutex_lock(&sender->lock);
  for (;;) {
    while (sender->head == sender->tail && sender->leave_at_ns == 0) condition_wait(&sender->filled, &sender->lock);
    if (sender->head == sender->tail || (sender->leave_at_ns != 0 && monotonic_ns() > sender->leave_at_ns)) break;
    uint32_t head = sender->head, failed = 0;
    mutex_unlock(&sender->lock);
    gather(sender, sender->tail, head, &batch);
    uint32_t taken = injector_send(&sender->injector, sender->ring, batch.offsets, batch.lengths, batch.count, &failed);
    mutex_lock(&sender->lock);
    if (taken > 0) sender->tail = batch.ends[taken - 1];
    sender->failed += failed;
    bool tells = tell_caller(sender);
    if (!tells && taken == batch.count) continue;
    mutex_unlock(&sender->lock);
    if (tells) sender->notify(sender->notify_context);
    if (taken < batch.count) thread_sleep(FULL_QUEUE_WAIT_MS);
    mutex_lock(&sender->lock);
  }
  mutex_unlock(&sender->lock);
}

static void gather(const Sender *sender, uint32_t from, uint32_t to, Gathered *into) {
  for (into->count = 0; from != to && into->count < FRAMES_A_CALL;) {
    uint32_t at = from & (RING_BYTES - 1), length;
    memcpy(&length, sender->ring + at, sizeof length);
    if (length == SENDER_WRAP) {
      from += RING_BYTES - at;
      continue;
    }
    from += (HEADER_BYTES + length + 7u) & ~7u;
    into->offsets[into->count] = at + HEADER_BYTES;
    into->lengths[into->count] = length;
    into->ends[into->count++] = from;
  }
}

/* Half of the ring at a time, so that neither side runs after the other frame by frame. */
static bool tell_caller(Sender *sender) {
  if (!sender->caller_waits || sender->head - sender->tail > RING_BYTES / 2) return false;
  sender->caller_waits = false;
  return true;
}
