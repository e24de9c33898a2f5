#include "sender.h"

#include <stdlib.h>
#include <string.h>

#ifdef __linux__

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FRAMES_A_CALL 256u
#define SEND_BUFFER_BYTES (4 << 20)

/*
 * An AF_PACKET socket of our own: the kernel does not show a frame to the socket that sent it, so the capturing one must be
 * another. Protocol 0 means that this one receives nothing at all.
 */
bool injector_open(Injector *injector, const char *interface_name) {
  injector->open = false;
  int index = (int)if_nametoindex(interface_name);
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = index };
  if (index == 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return false;
  }
  int bytes = SEND_BUFFER_BYTES;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  injector->socket = fd;
  injector->open = true;
  return true;
}

void injector_close(Injector *injector) {
  if (injector->open) close(injector->socket);
  injector->open = false;
}

uint32_t injector_send(Injector *injector, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count,
                       uint32_t *failed) {
  struct mmsghdr messages[FRAMES_A_CALL];
  struct iovec places[FRAMES_A_CALL];
  uint32_t taken = 0;
  memset(messages, 0, sizeof(struct mmsghdr) * (count < FRAMES_A_CALL ? count : FRAMES_A_CALL));
  while (taken < count) {
    uint32_t wanted = count - taken < FRAMES_A_CALL ? count - taken : FRAMES_A_CALL;
    for (uint32_t i = 0; i < wanted; i++) {
      places[i] = (struct iovec) { .iov_base = (void *)(bytes + offsets[taken + i]), .iov_len = lengths[taken + i] };
      messages[i].msg_hdr.msg_iov = &places[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(injector->socket, messages, wanted, MSG_DONTWAIT);
    if (sent > 0) {
      taken += (uint32_t)sent;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS) break;
    /* This one frame is refused (too long, too short, interface down): the next may pass. */
    *failed += 1;
    taken += 1;
  }
  return taken;
}

#else

#include <errno.h>

/* A second handle whose filter lets nothing in. */
bool injector_open(Injector *injector, const char *interface_name) {
  char reason[PCAP_ERRBUF_SIZE];
  injector->open = false;
  injector->pcap = api.pcap_create(interface_name, reason);
  if (!injector->pcap) return false;
  api.pcap_set_snaplen(injector->pcap, 64);
  api.pcap_set_timeout(injector->pcap, 1000);
  struct bpf_insn nothing = { BPF_RET | BPF_K, 0, 0, 0 };
  struct bpf_program program = { 1, &nothing };
  if (api.pcap_activate(injector->pcap) < 0) {
    api.pcap_close(injector->pcap);
    return false;
  }
  api.pcap_setfilter(injector->pcap, &program);
  injector->open = true;
  return true;
}

void injector_close(Injector *injector) {
  if (injector->open) api.pcap_close(injector->pcap);
  injector->open = false;
}

static uint32_t send_singly(Injector *injector, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count,
                            uint32_t *failed) {
  for (uint32_t i = 0; i < count; i++) {
    errno = 0;
    if (api.pcap_sendpacket(injector->pcap, bytes + offsets[i], (int)lengths[i]) == 0) continue;
    if (errno == ENOBUFS || errno == EAGAIN) return i;
    *failed += 1;
  }
  return count;
}

#ifdef _WIN32

#define QUEUE_BYTES (1u << 20)

/* Npcap takes many frames in one call; what it did not send is told by the number of bytes it consumed. */
uint32_t injector_send(Injector *injector, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count,
                       uint32_t *failed) {
  if (count == 1 || !api.pcap_sendqueue_alloc || !api.pcap_sendqueue_queue || !api.pcap_sendqueue_transmit || !api.pcap_sendqueue_destroy) {
    return send_singly(injector, bytes, offsets, lengths, count, failed);
  }
  uint32_t taken = 0;
  while (taken < count) {
    pcap_send_queue *queue = api.pcap_sendqueue_alloc(QUEUE_BYTES);
    if (!queue) return taken;
    uint32_t queued = 0;
    while (taken + queued < count) {
      uint32_t i = taken + queued;
      struct pcap_pkthdr header = { 0 };
      header.caplen = header.len = lengths[i];
      if (api.pcap_sendqueue_queue(queue, &header, bytes + offsets[i]) != 0) break;
      queued++;
    }
    if (queued == 0) { /* Larger than a whole queue. */
      api.pcap_sendqueue_destroy(queue);
      taken += send_singly(injector, bytes, offsets + taken, lengths + taken, 1, failed);
      continue;
    }
    u_int all = queue->len, done = api.pcap_sendqueue_transmit(injector->pcap, queue, 0);
    api.pcap_sendqueue_destroy(queue);
    if (done >= all) {
      taken += queued;
      continue;
    }
    for (u_int used = 0; queued > 0; queued--) {
      used += (u_int)sizeof(struct pcap_pkthdr) + lengths[taken];
      if (used > done) break;
      taken++;
    }
    /* The frame at which it stopped is tried alone, so that one bad frame does not hold up the rest. */
    uint32_t more = send_singly(injector, bytes, offsets + taken, lengths + taken, 1, failed);
    if (more == 0) return taken;
    taken += more;
  }
  return taken;
}

#else

uint32_t injector_send(Injector *injector, const uint8_t *bytes, const uint32_t *offsets, const uint32_t *lengths, uint32_t count,
                       uint32_t *failed) {
  return send_singly(injector, bytes, offsets, lengths, count, failed);
}

#endif

#endif
