#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libpcap's compiler takes a second over a filter of this length, and minutes over one ten times as long. */
#define LONGEST_FILTER 2000u

static const char *keep(char *error, const char *reason);
static bool too_long(const char *expression, char *error);
static void copy_program(const struct bpf_program *program, FilterProgram *into);

const char *filter_install(pcap_t *pcap, const char *expression, char *error) {
  struct bpf_program program;
  if (too_long(expression, error)) return error;
  /* No netmask: only `ip broadcast` asks for it, and says so itself when it is missing. */
  if (api.pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) return keep(error, api.pcap_geterr(pcap));
  int status = api.pcap_setfilter(pcap, &program);
  api.pcap_freecode(&program);
  return status == 0 ? NULL : keep(error, api.pcap_geterr(pcap));
}

bool filter_compile(const char *expression, int link_type, int snap_length, FilterProgram *into, char *error) {
  into->words = NULL;
  into->instructions = 0;
  if (too_long(expression, error)) return false;
  pcap_t *pcap = api.pcap_open_dead(link_type, snap_length);
  if (!pcap) {
    keep(error, "out of memory");
    return false;
  }
  struct bpf_program program;
  bool compiled = api.pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
  if (compiled) {
    copy_program(&program, into);
    api.pcap_freecode(&program);
    if (!into->words) {
      keep(error, "out of memory");
      compiled = false;
    }
  } else {
    keep(error, api.pcap_geterr(pcap));
  }
  api.pcap_close(pcap);
  return compiled;
}

static void copy_program(const struct bpf_program *program, FilterProgram *into) {
  into->words = malloc(program->bf_len * FILTER_WORDS * sizeof *into->words + 1);
  if (!into->words) return;
  into->instructions = program->bf_len;
  for (uint32_t i = 0; i < program->bf_len; i++) {
    const struct bpf_insn *instruction = &program->bf_insns[i];
    uint32_t *words = into->words + i * FILTER_WORDS;
    words[0] = instruction->code;
    words[1] = instruction->jt;
    words[2] = instruction->jf;
    words[3] = instruction->k;
  }
}

static bool too_long(const char *expression, char *error) {
  if (strlen(expression) <= LONGEST_FILTER) return false;
  snprintf(error, PCAP_ERRBUF_SIZE, "a filter may have at most %u characters", LONGEST_FILTER);
  return true;
}

static const char *keep(char *error, const char *reason) {
  snprintf(error, PCAP_ERRBUF_SIZE, "%s", reason && reason[0] ? reason : "the filter was refused");
  return error;
}
