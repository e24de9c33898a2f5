#include "capture.h"

#include <string.h>

/*
 * Which way a frame went.
 *
 * Linux knows it (`sll_pkttype`), and libpcap does not hand it on for Ethernet. The ways tried were: two captures, one of
 * each direction, merged by time (blocks of the two rings become visible at different moments, so order costs either
 * latency or correctness, and each frame runs through two filters); the cooked link type (loses the Ethernet header);
 * comparing the source MAC (wrong for every frame that is sent with a foreign source, which a lab does all day).
 *
 * Taken: the memory-mapped ring that libpcap reads in place puts the kernel's `struct sockaddr_ll` into the same slot, a
 * fixed distance before the frame. The distance follows from the kernel's documented slot layout
 * (Documentation/networking/packet_mmap.rst; TPACKET_ALIGNMENT 16) and is computed from what the socket itself answers
 * (version, header length, reserve). Each address is checked before it is believed (family, interface index), otherwise
 * the direction is unknown. It costs one compare a frame, keeps the kernel's order, and needs no second capture.
 *
 * Elsewhere there is no such word: a frame whose source is the interface's own MAC was sent by it.
 */

#ifdef __linux__

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#define ETHERNET_HEADER 14u
#define VLAN_TAG 4u

static uint32_t aligned(uint32_t length) { return (length + TPACKET_ALIGNMENT - 1) & ~(uint32_t)(TPACKET_ALIGNMENT - 1); }

/* Bytes from the socket address to a frame whose link header has `mac_length` bytes (tpacket_rcv in the kernel). */
static uint32_t distance(uint32_t header_length, uint32_t reserve, uint32_t mac_length) {
  uint32_t slot_header = aligned(header_length);
  uint32_t network = aligned(slot_header + (uint32_t)sizeof(struct sockaddr_ll) + (mac_length < 16 ? 16 : mac_length)) + reserve;
  return network - mac_length - slot_header;
}

void direction_prepare(DirectionReader *reader, pcap_t *pcap, int link_type, const CaptureOptions *options) {
  memset(reader, 0, sizeof *reader);
  memcpy(reader->mac, options->mac, sizeof reader->mac);
  reader->has_mac = options->has_mac && link_type == DLT_EN10MB;
  reader->interface_index = (int)if_nametoindex(options->name);
  reader->cooked = link_type == DLT_LINUX_SLL;
  int fd = api.pcap_get_selectable_fd ? api.pcap_get_selectable_fd(pcap) : -1;
  int version = 0, reserve = 0, header_length;
  socklen_t size = sizeof(int);
  if (fd < 0 || getsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, &size) != 0) return;
  if (version != TPACKET_V2 && version != TPACKET_V3) return;
  size = sizeof(int);
  if (getsockopt(fd, SOL_PACKET, PACKET_RESERVE, &reserve, &size) != 0) return;
  header_length = version;
  size = sizeof(int);
  if (getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &header_length, &size) != 0) return;
  uint32_t mac_length = link_type == DLT_EN10MB ? ETHERNET_HEADER : 0;
  /* A tag in the bytes, or one that libpcap put back in front, moves the frame by 4; two by 8. */
  for (uint32_t i = 0; i < 4; i++) {
    reader->distances[i] = distance((uint32_t)header_length, (uint32_t)reserve, mac_length + (i < 3 ? i * VLAN_TAG : 0));
  }
  reader->distances[3] = reader->distances[0] - 2 * VLAN_TAG;
  reader->from_kernel = reader->interface_index > 0 && (link_type == DLT_EN10MB || link_type == DLT_RAW);
}

uint32_t direction_of(const DirectionReader *reader, const uint8_t *frame, uint32_t length) {
  if (reader->from_kernel) {
    for (uint32_t i = 0; i < 4; i++) {
      struct sockaddr_ll address;
      memcpy(&address, frame - reader->distances[i], sizeof address);
      if (address.sll_family != AF_PACKET || address.sll_ifindex != reader->interface_index || address.sll_pkttype > PACKET_FASTROUTE) continue;
      return address.sll_pkttype == PACKET_OUTGOING ? DIRECTION_SENT : DIRECTION_RECEIVED;
    }
    return DIRECTION_UNKNOWN;
  }
  if (reader->cooked && length >= 2) return frame[0] == 0 && frame[1] == PACKET_OUTGOING ? DIRECTION_SENT : DIRECTION_RECEIVED;
  return DIRECTION_UNKNOWN;
}

#else

#ifndef _WIN32
#include <net/if.h>
#endif

void direction_prepare(DirectionReader *reader, pcap_t *pcap, int link_type, const CaptureOptions *options) {
  (void)pcap;
  memset(reader, 0, sizeof *reader);
  memcpy(reader->mac, options->mac, sizeof reader->mac);
  reader->has_mac = options->has_mac && link_type == DLT_EN10MB;
#ifndef _WIN32
  reader->interface_index = (int)if_nametoindex(options->name);
#endif
}

uint32_t direction_of(const DirectionReader *reader, const uint8_t *frame, uint32_t length) {
  if (!reader->has_mac || length < 12) return DIRECTION_UNKNOWN;
  return memcmp(frame + 6, reader->mac, sizeof reader->mac) == 0 ? DIRECTION_SENT : DIRECTION_RECEIVED;
}

#endif
