#include "capture.h"

#include <stdio.h>

static const char *keep(char *error, const char *reason);

const char *filter_install(pcap_t *pcap, const char *expression, char *error) {
  struct bpf_program program;
  /* No netmask: only `ip broadcast` asks for it, and says so itself when it is missing. */
  if (api.pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) return keep(error, api.pcap_geterr(pcap));
  int status = api.pcap_setfilter(pcap, &program);
  api.pcap_freecode(&program);
  return status == 0 ? NULL : keep(error, api.pcap_geterr(pcap));
}

int filter_compile(const char *expression, int link_type, int snap_length, char *error) {
  pcap_t *pcap = api.pcap_open_dead(link_type, snap_length);
  if (!pcap) {
    keep(error, "out of memory");
    return -1;
  }
  struct bpf_program program;
  int instructions = -1;
  if (api.pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0) {
    instructions = (int)program.bf_len;
    api.pcap_freecode(&program);
  } else {
    keep(error, api.pcap_geterr(pcap));
  }
  api.pcap_close(pcap);
  return instructions;
}

static const char *keep(char *error, const char *reason) {
  snprintf(error, PCAP_ERRBUF_SIZE, "%s", reason && reason[0] ? reason : "the filter was refused");
  return error;
}
