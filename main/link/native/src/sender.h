#ifndef TCPLAB_SENDER_H
#define TCPLAB_SENDER_H

#include "pcap-api.h"

/* A second way to the wire, so that what we send comes back through the capture like everybody else's frames. */
typedef struct {
#ifdef __linux__
  int socket;
#else
  pcap_t *pcap;
#endif
  bool open;
} Injector;

/*
 * Frames on their way to the injector. A few go to it at once. More are copied into a ring, which a thread of its own empties: to send a frame to a
 * virtual interface is to receive it at the far end as well, all of which happens before the system call returns.
 *
 * `head` and `tail` count bytes modulo 2^32. What lies between them is the thread's, the rest the caller's; both move under `lock`. Records start on
 * multiples of 8:
 *
 *     0       4        8
 *     length  unused   frame bytes ... padding to 8
 *
 * A record never wraps: the length SENDER_WRAP says that the rest of the ring is unused and the next record is at 0.
 */
#define SENDER_WRAP 0xffffffffu

typedef struct {
  Injector injector;
  /* Called by the thread, once there is room for a caller whose frames were not all taken. */
  void (*notify)(void *context);
  void *notify_context;
  Thread thread;
  /* From the first time that there is work for it. */
  bool thread_running;
  uint8_t *ring;
  Mutex lock;
  Condition filled;
  uint32_t head;
  uint32_t tail;
  bool caller_waits;
  /* 0 while the thread is to go on; otherwise when it leaves what is not sent. */
  uint64_t leave_at_ns;
  uint64_t taken;
  uint64_t failed;
} Sender;

/* Whether frames can be sent is `injector.open`. */
void sender_open(Sender *sender, const char *interface_name, void (*notify)(void *context), void *context);
/*
 * Frames taken from the front, fewer than `count` when there is no room. They leave in the order in which they were taken; each is sent or counted as
 * failed. To be called by one thread.
 */
uint32_t sender_send(Sender *sender, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count);
/* Frames taken, without those that the system refused, and these. By the thread that sends. */
void sender_counts(Sender *sender, uint64_t *sent, uint64_t *failed);
/* Waits until what was taken has left, but only for a moment where it cannot. Twice is allowed. */
void sender_close(Sender *sender);

bool injector_open(Injector *injector, const char *interface_name);
void injector_close(Injector *injector);
/* Frames taken from the front; fewer than `count` when the queue is full. Frames the system refuses count as taken and failed. */
uint32_t injector_send(Injector *injector, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count,
                       uint32_t *failed);

#endif
