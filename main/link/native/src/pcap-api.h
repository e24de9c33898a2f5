#ifndef TCPLAB_PCAP_API_H
#define TCPLAB_PCAP_API_H

/*
 * libpcap is opened at run time and not linked: one binary then serves systems that name the library differently
 * (libpcap.so.0.8 on Debian, libpcap.so.1 elsewhere, wpcap.dll in Npcap's own folder), and a missing library is an answer
 * and not a module that cannot be loaded.
 */

#include "platform.h"

#include <pcap/pcap.h>

#define PCAP_REQUIRED(X) \
  X(pcap_t *, pcap_create, (const char *, char *)) \
  X(int, pcap_activate, (pcap_t *)) \
  X(int, pcap_set_snaplen, (pcap_t *, int)) \
  X(int, pcap_set_promisc, (pcap_t *, int)) \
  X(int, pcap_set_timeout, (pcap_t *, int)) \
  X(int, pcap_set_buffer_size, (pcap_t *, int)) \
  X(int, pcap_setnonblock, (pcap_t *, int, char *)) \
  X(int, pcap_datalink, (pcap_t *)) \
  X(int, pcap_snapshot, (pcap_t *)) \
  X(int, pcap_dispatch, (pcap_t *, int, pcap_handler, u_char *)) \
  X(int, pcap_compile, (pcap_t *, struct bpf_program *, const char *, int, bpf_u_int32)) \
  X(int, pcap_setfilter, (pcap_t *, struct bpf_program *)) \
  X(void, pcap_freecode, (struct bpf_program *)) \
  X(int, pcap_stats, (pcap_t *, struct pcap_stat *)) \
  X(char *, pcap_geterr, (pcap_t *)) \
  X(const char *, pcap_statustostr, (int)) \
  X(pcap_t *, pcap_open_dead, (int, int)) \
  X(int, pcap_sendpacket, (pcap_t *, const u_char *, int)) \
  X(int, pcap_findalldevs, (pcap_if_t **, char *)) \
  X(void, pcap_freealldevs, (pcap_if_t *)) \
  X(const char *, pcap_lib_version, (void)) \
  X(void, pcap_close, (pcap_t *))

/* Missing in old or foreign builds; NULL then. */
#define PCAP_OPTIONAL_COMMON(X) \
  X(int, pcap_set_immediate_mode, (pcap_t *, int)) \
  X(int, pcap_set_tstamp_precision, (pcap_t *, int)) \
  X(int, pcap_get_tstamp_precision, (pcap_t *)) \
  X(int, pcap_setdirection, (pcap_t *, pcap_direction_t))

#ifdef _WIN32
#define PCAP_OPTIONAL(X) \
  PCAP_OPTIONAL_COMMON(X) \
  X(HANDLE, pcap_getevent, (pcap_t *)) \
  X(pcap_send_queue *, pcap_sendqueue_alloc, (u_int)) \
  X(void, pcap_sendqueue_destroy, (pcap_send_queue *)) \
  X(int, pcap_sendqueue_queue, (pcap_send_queue *, const struct pcap_pkthdr *, const u_char *)) \
  X(u_int, pcap_sendqueue_transmit, (pcap_t *, pcap_send_queue *, int))
#else
#define PCAP_OPTIONAL(X) \
  PCAP_OPTIONAL_COMMON(X) \
  X(int, pcap_get_selectable_fd, (pcap_t *))
#endif

typedef struct {
#define X(type, name, arguments) type (*name) arguments;
  PCAP_REQUIRED(X)
  PCAP_OPTIONAL(X)
#undef X
} PcapApi;

/* Filled by the first successful pcap_api_load. */
extern PcapApi api;

/* Opens libpcap once for the whole process. Returns NULL, or why it cannot be used. Any thread. */
const char *pcap_api_load(void);

#endif
