#ifndef TCPLAB_INTERFACES_H
#define TCPLAB_INTERFACES_H

#include "pcap-api.h"

/* What libpcap does not tell about an interface. */
typedef struct {
  bool exists;
  bool has_mac;
  uint8_t mac[6];
  /* 0 where unknown. */
  uint32_t mtu;
} Hardware;

typedef struct Machine Machine;

/* One look at the machine for any number of questions; NULL when out of memory. */
Machine *machine_look(void);
void machine_forget(Machine *machine);
void machine_hardware(const Machine *machine, const char *name, Hardware *into);

/* Whether this user may open interfaces for capture; `name` is one to try with where only trying tells. */
bool may_open_interfaces(const char *name);

#endif
