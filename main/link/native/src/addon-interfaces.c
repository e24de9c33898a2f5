#include "addon.h"
#include "interfaces.h"
#include "values.h"

#include <stdio.h>
#include <string.h>

#ifndef _WIN32
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#endif

static napi_value describe(napi_env env, const pcap_if_t *device, const Hardware *hardware, bool may_open);
static napi_value addresses_of(napi_env env, const pcap_if_t *device);
static int prefix_length(const struct sockaddr *mask, int family);

/* interfaces(): Interface[]; see main/link/native.ts. */
napi_value addon_interfaces(napi_env env, napi_callback_info info) {
  (void)info;
  char reason[PCAP_ERRBUF_SIZE] = "";
  pcap_if_t *devices = NULL;
  if (api.pcap_findalldevs(&devices, reason) != 0) {
    throw_fault(env, "captureUnavailable", reason);
    return NULL;
  }
  napi_value list;
  Machine *machine = machine_look();
  if (!machine || napi_create_array(env, &list) != napi_ok) {
    machine_forget(machine);
    if (devices) api.pcap_freealldevs(devices);
    throw_fault(env, "captureUnavailable", "out of memory");
    return NULL;
  }
  bool may_open = devices && may_open_interfaces(devices->name);
  uint32_t count = 0;
  for (const pcap_if_t *device = devices; device; device = device->next) {
    Hardware hardware;
    machine_hardware(machine, device->name, &hardware);
    /* libpcap also lists sources that are no network interface (any, nflog, usbmon). */
    if (hardware.exists) napi_set_element(env, list, count++, describe(env, device, &hardware, may_open));
  }
  machine_forget(machine);
  if (devices) api.pcap_freealldevs(devices);
  return list;
}

static napi_value describe(napi_env env, const pcap_if_t *device, const Hardware *hardware, bool may_open) {
  napi_value object, mac;
  napi_create_object(env, &object);
  set(env, object, "name", value_text(env, device->name));
  set(env, object, "description", value_text(env, device->description));
  set(env, object, "addresses", addresses_of(env, device));
  if (hardware->has_mac) {
    char text[18];
    const uint8_t *m = hardware->mac;
    snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    mac = value_text(env, text);
  } else {
    napi_get_null(env, &mac);
  }
  set(env, object, "mac", mac);
  set(env, object, "mtu", value_number(env, hardware->mtu));
  set(env, object, "up", value_boolean(env, device->flags & PCAP_IF_UP));
  set(env, object, "running", value_boolean(env, device->flags & PCAP_IF_RUNNING));
  set(env, object, "loopback", value_boolean(env, device->flags & PCAP_IF_LOOPBACK));
  set(env, object, "wireless", value_boolean(env, device->flags & PCAP_IF_WIRELESS));
  set(env, object, "mayOpen", value_boolean(env, may_open));
  return object;
}

static napi_value addresses_of(napi_env env, const pcap_if_t *device) {
  napi_value list;
  napi_create_array(env, &list);
  uint32_t count = 0;
  for (const pcap_addr_t *entry = device->addresses; entry; entry = entry->next) {
    if (!entry->addr) continue;
    int family = entry->addr->sa_family;
    char text[INET6_ADDRSTRLEN], full[INET6_ADDRSTRLEN + 8];
    const void *bytes;
    if (family == AF_INET) bytes = &((const struct sockaddr_in *)entry->addr)->sin_addr;
    else if (family == AF_INET6) bytes = &((const struct sockaddr_in6 *)entry->addr)->sin6_addr;
    else continue;
    if (!inet_ntop(family, bytes, text, sizeof text)) continue;
    snprintf(full, sizeof full, "%s/%d", text, prefix_length(entry->netmask, family));
    napi_set_element(env, list, count++, value_text(env, full));
  }
  return list;
}

/* The mask's own family is not trusted: some systems leave it zero. */
static int prefix_length(const struct sockaddr *mask, int family) {
  int whole = family == AF_INET ? 32 : 128;
  if (!mask) return whole;
  const uint8_t *bytes = family == AF_INET
    ? (const uint8_t *)&((const struct sockaddr_in *)mask)->sin_addr
    : (const uint8_t *)&((const struct sockaddr_in6 *)mask)->sin6_addr;
  int length = 0;
  while (length < whole && bytes[length / 8] & (0x80 >> length % 8)) length++;
  return length;
}
