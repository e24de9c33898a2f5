#include "capture.h"

#include <stdio.h>
#include <string.h>

#ifdef __linux__
#include <linux/if_packet.h>
#include <sys/socket.h>
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif
#endif

static bool activate(Capture *capture, CaptureError *error);
static void leave_out_sent(Capture *capture);
static void on_room(void *capture);
static bool refuse(CaptureError *error, const char *code, const char *text);

bool capture_open(Capture *capture, const CaptureOptions *options, const char *filter, CaptureError *error) {
  memset(capture, 0, sizeof *capture);
  capture->options = *options;
  char reason[PCAP_ERRBUF_SIZE] = "";
  capture->pcap = api.pcap_create(options->name, reason);
  if (!capture->pcap) return refuse(error, "captureUnavailable", reason);
  if (!activate(capture, error)) {
    api.pcap_close(capture->pcap);
    capture->pcap = NULL;
    return false;
  }
  const char *problem = filter[0] ? filter_install(capture->pcap, filter, reason) : NULL;
  if (problem) {
    refuse(error, "badFilter", problem);
    api.pcap_close(capture->pcap);
    capture->pcap = NULL;
    return false;
  }
  capture->link_type = api.pcap_datalink(capture->pcap);
  capture->snap_length = (uint32_t)api.pcap_snapshot(capture->pcap);
  capture->nanoseconds = api.pcap_get_tstamp_precision && api.pcap_get_tstamp_precision(capture->pcap) == PCAP_TSTAMP_PRECISION_NANO;
  direction_prepare(&capture->direction, capture->pcap, capture->link_type, options);
  if (!options->see_sent) leave_out_sent(capture);
  if (options->inject) sender_open(&capture->sender, options->name, on_room, capture);
  mutex_init(&capture->lock);
  condition_init(&capture->answered);
  return true;
}

bool capture_start(Capture *capture, uint8_t *ring, uint32_t ring_bytes, uint32_t *control,
                   void (*notify)(void *, CaptureEvent), void *context) {
  capture->ring = ring;
  capture->ring_bytes = ring_bytes;
  capture->control = control;
  capture->notify = notify;
  capture->notify_context = context;
  if (!waker_open(&capture->waker)) return false;
  capture->thread_running = thread_start(&capture->thread, capture_run, capture);
  if (!capture->thread_running) waker_close(&capture->waker);
  return capture->thread_running;
}

void capture_close(Capture *capture) {
  if (capture->thread_running) {
    store_release(&capture->stop, 1);
    waker_wake(&capture->waker);
    thread_join(&capture->thread);
    waker_close(&capture->waker);
    capture->thread_running = false;
  }
  if (!capture->pcap) return;
  capture_refresh_counters(capture);
  sender_close(&capture->sender);
  api.pcap_close(capture->pcap);
  capture->pcap = NULL;
  condition_destroy(&capture->answered);
  mutex_destroy(&capture->lock);
}

void capture_statistics(Capture *capture, CaptureCounters *into) {
  if (capture->pcap) capture_refresh_counters(capture);
  into->received = counter_read(&capture->counters.received);
  into->dropped_by_kernel = capture->counters.dropped_by_kernel;
  into->dropped_by_interface = capture->counters.dropped_by_interface;
  into->dropped_by_ring = counter_read(&capture->counters.dropped_by_ring);
  into->truncated = counter_read(&capture->counters.truncated);
  sender_counts(&capture->sender, &into->sent, &into->send_failed);
}

/* libpcap counts in 32 bits that wrap; the difference to the last look is added to 64. */
void capture_refresh_counters(Capture *capture) {
  struct pcap_stat now;
  mutex_lock(&capture->lock);
  if (api.pcap_stats(capture->pcap, &now) == 0) {
    capture->counters.dropped_by_kernel += (uint32_t)(now.ps_drop - capture->last_stat.ps_drop);
    capture->counters.dropped_by_interface += (uint32_t)(now.ps_ifdrop - capture->last_stat.ps_ifdrop);
    capture->last_stat = now;
  }
  mutex_unlock(&capture->lock);
}

const char *capture_set_filter(Capture *capture, const char *expression) {
  mutex_lock(&capture->lock);
  capture->filter_error[0] = 0;
  if (!capture->ended) {
    capture->wanted_filter = expression;
    capture->filter_done = false;
    waker_wake(&capture->waker);
    while (!capture->filter_done && !capture->ended) condition_wait(&capture->answered, &capture->lock);
    capture->wanted_filter = NULL;
  }
  mutex_unlock(&capture->lock);
  return capture->filter_error[0] ? capture->filter_error : NULL;
}

static bool activate(Capture *capture, CaptureError *error) {
  const CaptureOptions *options = &capture->options;
  pcap_t *pcap = capture->pcap;
  api.pcap_set_snaplen(pcap, (int)options->snap_length);
  api.pcap_set_promisc(pcap, options->promiscuous);
  api.pcap_set_timeout(pcap, (int)options->timeout_ms);
  api.pcap_set_buffer_size(pcap, (int)options->buffer_bytes);
  if (options->immediate && api.pcap_set_immediate_mode) api.pcap_set_immediate_mode(pcap, 1);
  if (api.pcap_set_tstamp_precision) api.pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
  int status = api.pcap_activate(pcap);
  char reason[PCAP_ERRBUF_SIZE] = "";
  if (status >= 0) {
    if (api.pcap_setnonblock(pcap, 1, reason) == 0) return true;
    return refuse(error, "captureUnavailable", reason);
  }
  const char *words = api.pcap_geterr(pcap);
  if (!words || !words[0]) words = api.pcap_statustostr(status);
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE: return refuse(error, "noSuchInterface", words);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED: return refuse(error, "interfaceNoPermission", words);
    case PCAP_ERROR_IFACE_NOT_UP: return refuse(error, "interfaceDown", words);
    default: return refuse(error, "captureUnavailable", words);
  }
}

/* The kernel should not even copy what we send; where it cannot leave it out, the capture thread does. */
static void leave_out_sent(Capture *capture) {
#ifdef __linux__
  int on = 1;
  int fd = api.pcap_get_selectable_fd ? api.pcap_get_selectable_fd(capture->pcap) : -1;
  capture->kernel_ignores_sent = fd >= 0 && setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) == 0;
#endif
  if (!capture->kernel_ignores_sent && api.pcap_setdirection) {
    capture->kernel_ignores_sent = api.pcap_setdirection(capture->pcap, PCAP_D_IN) == 0;
  }
}

/* In the sender's thread. */
static void on_room(void *data) {
  Capture *capture = data;
  capture->notify(capture->notify_context, EVENT_SENDABLE);
}

static bool refuse(CaptureError *error, const char *code, const char *text) {
  error->code = code;
  snprintf(error->text, sizeof error->text, "%s", text);
  return false;
}
