#include "capture.h"

#include <string.h>

/*
 * Which way a frame went.
 *
 * Linux knows it (`sll_pkttype`), and libpcap does not hand it on for Ethernet. Not taken: two captures, one of
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
 * Elsewhere there is no such word: a frame was sent from here if its source is the interface's own MAC, or one that was sent
 * through this link before.
 */

#ifndef _WIN32
#include <net/if.h>
#endif

#define SOURCE_OFFSET 6u
#define ADDRESS_BYTES 6u

static bool prepare_from_kernel(DirectionReader *reader, pcap_t *pcap, int link_type);
static uint32_t direction_from_kernel(const DirectionReader *reader, const uint8_t *frame);
static bool is_own(const DirectionReader *reader, const uint8_t *address);

void direction_prepare(DirectionReader *reader, pcap_t *pcap, int link_type, const CaptureOptions *options) {
  memset(reader, 0, sizeof *reader);
#ifndef _WIN32
  reader->interface_index = (int)if_nametoindex(options->name);
#endif
  reader->from_kernel = prepare_from_kernel(reader, pcap, link_type);
  reader->cooked = link_type == DLT_LINUX_SLL;
  reader->from_source = !reader->from_kernel && link_type == DLT_EN10MB;
  if (!reader->from_source || !options->has_mac) return;
  memcpy(reader->own_sources[0], options->mac, ADDRESS_BYTES);
  reader->own_source_count = 1;
}

uint32_t direction_of(const DirectionReader *reader, const uint8_t *frame, uint32_t length) {
  if (reader->from_kernel) return direction_from_kernel(reader, frame);
  if (reader->from_source && length >= SOURCE_OFFSET + ADDRESS_BYTES) return is_own(reader, frame + SOURCE_OFFSET) ? DIRECTION_SENT : DIRECTION_RECEIVED;
  /* LINKTYPE_LINUX_SLL: the packet type of the kernel, 4 = outgoing, in two bytes of network order. */
  if (reader->cooked && length >= 2) return frame[0] == 0 && frame[1] == 4 ? DIRECTION_SENT : DIRECTION_RECEIVED;
  return DIRECTION_UNKNOWN;
}

void direction_learn(DirectionReader *reader, const uint8_t *frame, uint32_t length) {
  uint32_t count = reader->own_source_count;
  if (!reader->from_source || length < SOURCE_OFFSET + ADDRESS_BYTES || count == MOST_OWN_SOURCES || is_own(reader, frame + SOURCE_OFFSET)) return;
  memcpy(reader->own_sources[count], frame + SOURCE_OFFSET, ADDRESS_BYTES);
  store_release(&reader->own_source_count, count + 1);
}

static bool is_own(const DirectionReader *reader, const uint8_t *address) {
  for (uint32_t i = load_acquire(&reader->own_source_count); i-- > 0;) {
    if (memcmp(reader->own_sources[i], address, ADDRESS_BYTES) == 0) return true;
  }
  return false;
}

#ifdef __linux__

#include <linux/if_packet.h>
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

static bool prepare_from_kernel(DirectionReader *reader, pcap_t *pcap, int link_type) {
  if (reader->interface_index <= 0 || (link_type != DLT_EN10MB && link_type != DLT_RAW)) return false;
  int fd = api.pcap_get_selectable_fd ? api.pcap_get_selectable_fd(pcap) : -1;
  int version = 0, reserve = 0, header_length;
  socklen_t size = sizeof(int);
  if (fd < 0 || getsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, &size) != 0) return false;
  if (version != TPACKET_V2 && version != TPACKET_V3) return false;
  size = sizeof(int);
  if (getsockopt(fd, SOL_PACKET, PACKET_RESERVE, &reserve, &size) != 0) return false;
  header_length = version;
  size = sizeof(int);
  if (getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &header_length, &size) != 0) return false;
  uint32_t mac_length = link_type == DLT_EN10MB ? ETHERNET_HEADER : 0;
  /* A tag in the bytes, or one that libpcap put back in front, moves the frame by 4; two by 8; the last is for both at once. */
  for (uint32_t i = 0; i < 4; i++) {
    reader->distances[i] = distance((uint32_t)header_length, (uint32_t)reserve, mac_length + (i < 3 ? i * VLAN_TAG : 0)) - (i < 3 ? 0 : 3 * VLAN_TAG);
  }
  return true;
}

static uint32_t direction_from_kernel(const DirectionReader *reader, const uint8_t *frame) {
  for (uint32_t i = 0; i < 4; i++) {
    struct sockaddr_ll address;
    memcpy(&address, frame - reader->distances[i], sizeof address);
    if (address.sll_family != AF_PACKET || address.sll_ifindex != reader->interface_index || address.sll_pkttype > PACKET_FASTROUTE) continue;
    return address.sll_pkttype == PACKET_OUTGOING ? DIRECTION_SENT : DIRECTION_RECEIVED;
  }
  return DIRECTION_UNKNOWN;
}

#else

static bool prepare_from_kernel(DirectionReader *reader, pcap_t *pcap, int link_type) {
  (void)reader; (void)pcap; (void)link_type;
  return false;
}

static uint32_t direction_from_kernel(const DirectionReader *reader, const uint8_t *frame) {
  (void)reader; (void)frame;
  return DIRECTION_UNKNOWN;
}

#endif
