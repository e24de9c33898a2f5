#include "interfaces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32

#include <iphlpapi.h>

struct Machine {
  IP_ADAPTER_ADDRESSES *adapters;
};

Machine *machine_look(void) {
  Machine *machine = calloc(1, sizeof *machine);
  if (!machine) return NULL;
  ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER, size = 32768;
  for (int tries = 0; tries < 4; tries++) {
    machine->adapters = malloc(size);
    if (!machine->adapters) break;
    ULONG status = GetAdaptersAddresses(AF_UNSPEC, flags, NULL, machine->adapters, &size);
    if (status == NO_ERROR) break;
    free(machine->adapters);
    machine->adapters = NULL;
    if (status != ERROR_BUFFER_OVERFLOW) break;
  }
  return machine;
}

void machine_forget(Machine *machine) {
  if (machine) free(machine->adapters);
  free(machine);
}

/* Npcap names an adapter \Device\NPF_{GUID}; Windows calls it {GUID}. */
void machine_hardware(const Machine *machine, const char *name, Hardware *into) {
  memset(into, 0, sizeof *into);
  into->exists = true;
  const char *guid = strchr(name, '{');
  if (!guid) return;
  for (IP_ADAPTER_ADDRESSES *adapter = machine->adapters; adapter; adapter = adapter->Next) {
    if (strcmp(adapter->AdapterName, guid) != 0) continue;
    into->mtu = adapter->Mtu == (ULONG)-1 ? 0 : adapter->Mtu;
    into->has_mac = adapter->PhysicalAddressLength == sizeof into->mac;
    if (into->has_mac) memcpy(into->mac, adapter->PhysicalAddress, sizeof into->mac);
  }
}

/* Npcap can be installed for administrators only, which shows when an adapter is opened. */
bool may_open_interfaces(const char *name) {
  char reason[PCAP_ERRBUF_SIZE];
  pcap_t *pcap = api.pcap_create(name, reason);
  if (!pcap) return false;
  int status = api.pcap_activate(pcap);
  api.pcap_close(pcap);
  return status != PCAP_ERROR_PERM_DENIED && status != PCAP_ERROR_PROMISC_PERM_DENIED && status != PCAP_ERROR;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/if_packet.h>
#else
#include <net/if_dl.h>
#include <net/if_types.h>
#endif

struct Machine {
  struct ifaddrs *addresses;
  int socket;
};

Machine *machine_look(void) {
  Machine *machine = calloc(1, sizeof *machine);
  if (!machine) return NULL;
  if (getifaddrs(&machine->addresses) != 0) machine->addresses = NULL;
  machine->socket = socket(AF_INET, SOCK_DGRAM, 0);
  return machine;
}

void machine_forget(Machine *machine) {
  if (!machine) return;
  if (machine->addresses) freeifaddrs(machine->addresses);
  if (machine->socket >= 0) close(machine->socket);
  free(machine);
}

static void read_mac(const struct sockaddr *address, Hardware *into) {
#ifdef __linux__
  if (address->sa_family != AF_PACKET) return;
  const struct sockaddr_ll *link = (const struct sockaddr_ll *)address;
  static const uint8_t none[6];
  into->has_mac = link->sll_halen == sizeof into->mac && memcmp(link->sll_addr, none, sizeof none) != 0;
  if (into->has_mac) memcpy(into->mac, link->sll_addr, sizeof into->mac);
#else
  if (address->sa_family != AF_LINK) return;
  const struct sockaddr_dl *link = (const struct sockaddr_dl *)address;
  into->has_mac = link->sdl_alen == sizeof into->mac;
  if (into->has_mac) memcpy(into->mac, LLADDR(link), sizeof into->mac);
#endif
}

void machine_hardware(const Machine *machine, const char *name, Hardware *into) {
  memset(into, 0, sizeof *into);
  into->exists = if_nametoindex(name) != 0;
  if (!into->exists) return;
  for (const struct ifaddrs *entry = machine->addresses; entry; entry = entry->ifa_next) {
    if (entry->ifa_addr && strcmp(entry->ifa_name, name) == 0) read_mac(entry->ifa_addr, into);
  }
  struct ifreq request;
  memset(&request, 0, sizeof request);
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  if (machine->socket >= 0 && ioctl(machine->socket, SIOCGIFMTU, &request) == 0) into->mtu = (uint32_t)request.ifr_mtu;
}

bool may_open_interfaces(const char *name) {
  (void)name;
#ifdef __linux__
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
#else
  /* A device that is busy is one that could be opened; the next may be free. */
  for (int i = 0; i < 256; i++) {
    char path[32];
    snprintf(path, sizeof path, "/dev/bpf%d", i);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
      close(fd);
      return true;
    }
    if (errno != EBUSY) return false;
  }
  return false;
#endif
}

#endif
