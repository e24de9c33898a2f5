#ifndef TCPLAB_CAPTURE_H
#define TCPLAB_CAPTURE_H

#include "sender.h"

/*
 * Ring of records, written by the capture thread and read by JavaScript. `head` and `tail` count bytes modulo 2^32, so the
 * ring's size is a power of two; the bytes in use are head - tail. Records start on multiples of 8:
 *
 *     0        4        8     12     16          20            24
 *     captured original sec   nsec   direction   recordLength  frame bytes ... padding to 8
 *
 * A record never wraps: `captured` = RING_WRAP says that the rest of the ring is unused and the next record is at 0.
 */
#define RING_HEADER_BYTES 24u
#define RING_WRAP 0xffffffffu

/* Words of the control block, each on its own cache line. */
#define CONTROL_HEAD 0
#define CONTROL_TAIL 16
#define CONTROL_WAITING 32
#define CONTROL_WORDS 48

enum { DIRECTION_UNKNOWN = 0, DIRECTION_RECEIVED = 1, DIRECTION_SENT = 2 };

#define MOST_OWN_SOURCES 256u

/* How a frame's direction is told; see direction.c. */
typedef struct {
  /* By the kernel's own word, which lies at one of these distances before the frame. */
  bool from_kernel;
  uint32_t distances[4];
  int interface_index;
  /* By the cooked link header. */
  bool cooked;
  /* By the source address: one of our own. The list only grows, so it is read without a lock. */
  bool from_source;
  uint8_t own_sources[MOST_OWN_SOURCES][6];
  volatile uint32_t own_source_count;
} DirectionReader;

typedef struct {
  char name[256];
  uint32_t snap_length;
  uint32_t buffer_bytes;
  uint32_t timeout_ms;
  bool promiscuous;
  bool immediate;
  bool see_sent;
  bool inject;
  bool has_mac;
  uint8_t mac[6];
} CaptureOptions;

typedef struct {
  uint64_t received;
  uint64_t dropped_by_kernel;
  uint64_t dropped_by_interface;
  uint64_t dropped_by_ring;
  uint64_t truncated;
  uint64_t sent;
  uint64_t send_failed;
} CaptureCounters;

typedef enum { EVENT_READABLE = 0, EVENT_CLOSED = 1, EVENT_SENDABLE = 2 } CaptureEvent;

typedef struct {
  CaptureOptions options;
  pcap_t *pcap;
  int link_type;
  uint32_t snap_length;
  bool nanoseconds;
  bool kernel_ignores_sent;
  DirectionReader direction;
  Sender sender;

  uint8_t *ring;
  uint32_t ring_bytes;
  volatile uint32_t *control;
  uint32_t head;
  uint32_t tail_seen;

  void (*notify)(void *context, CaptureEvent event);
  void *notify_context;

  Thread thread;
  Waker waker;
  bool thread_running;
  volatile uint32_t stop;

  /* Guards what follows; `answered` tells the asker that the capture thread has tried `wanted_filter`. */
  Mutex lock;
  Condition answered;
  const char *wanted_filter;
  bool filter_done;
  char filter_error[PCAP_ERRBUF_SIZE];
  bool ended;
  char end_reason[PCAP_ERRBUF_SIZE + 64];
  struct pcap_stat last_stat;
  CaptureCounters counters;
} Capture;

/* Code is one of the fault codes of the lab; `text` is libpcap's words. */
typedef struct {
  const char *code;
  char text[PCAP_ERRBUF_SIZE + 64];
} CaptureError;

/* Opens the interface and compiles `filter`; the thread starts with capture_start. False with `error` filled. */
bool capture_open(Capture *capture, const CaptureOptions *options, const char *filter, CaptureError *error);
bool capture_start(Capture *capture, uint8_t *ring, uint32_t ring_bytes, uint32_t *control,
                   void (*notify)(void *, CaptureEvent), void *context);
/* Stops the thread, keeps the last counters, frees the rest. */
void capture_close(Capture *capture);
void capture_statistics(Capture *capture, CaptureCounters *into);
/* NULL, or libpcap's words (valid until the next call). Runs in the capture thread, between two frames. */
const char *capture_set_filter(Capture *capture, const char *expression);

void capture_run(void *capture);
void capture_refresh_counters(Capture *capture);
bool capture_interface_exists(const Capture *capture);

void direction_prepare(DirectionReader *reader, pcap_t *pcap, int link_type, const CaptureOptions *options);
uint32_t direction_of(const DirectionReader *reader, const uint8_t *frame, uint32_t length);
/* Remembers the source of a frame that is about to be sent, where direction is told by source. */
void direction_learn(DirectionReader *reader, const uint8_t *frame, uint32_t length);

/* Compiles and installs; NULL or the reason. */
const char *filter_install(pcap_t *pcap, const char *expression, char *error);
/* A compiled filter: FILTER_WORDS words an instruction (code, jt, jf, k); `words` is the caller's to free. */
#define FILTER_WORDS 4
typedef struct {
  uint32_t *words;
  uint32_t instructions;
} FilterProgram;
/* False with `error` (PCAP_ERRBUF_SIZE) filled where the expression is refused. Needs no interface. */
bool filter_compile(const char *expression, int link_type, int snap_length, FilterProgram *into, char *error);

#endif
