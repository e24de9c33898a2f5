#include "pcap-api.h"

#include <stdio.h>
#include <string.h>

PcapApi api;

static bool loaded;
static char problem[320];

#ifdef _WIN32

typedef HMODULE Library;

static Library library_open(void) {
  /* Npcap lives in its own folder below System32, out of the usual search path; wpcap.dll pulls Packet.dll from there. */
  wchar_t path[MAX_PATH];
  UINT length = GetSystemDirectoryW(path, MAX_PATH);
  if (length == 0 || length + 20 > MAX_PATH) return NULL;
  wcscat(path, L"\\Npcap\\wpcap.dll");
  Library library = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (!library) library = LoadLibraryExW(L"wpcap.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (!library) snprintf(problem, sizeof problem, "Npcap is not installed (wpcap.dll was not found)");
  return library;
}

static void *library_symbol(Library library, const char *name) { return (void *)GetProcAddress(library, name); }

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

#else

#include <dlfcn.h>

typedef void *Library;

static Library library_open(void) {
#ifdef __APPLE__
  static const char *const names[] = { "/usr/lib/libpcap.A.dylib", "/usr/lib/libpcap.dylib" };
#else
  static const char *const names[] = { "libpcap.so.1", "libpcap.so.0.8", "libpcap.so" };
#endif
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    Library library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library) return library;
  }
  const char *reason = dlerror();
  snprintf(problem, sizeof problem, "libpcap is not installed (%s)", reason ? reason : "not found");
  return NULL;
}

static void *library_symbol(Library library, const char *name) { return dlsym(library, name); }

static pthread_once_t once = PTHREAD_ONCE_INIT;

#endif

static void load(void) {
  Library library = library_open();
  if (!library) return;
  /* Copied as bytes: ISO C has no conversion from an object pointer to a function pointer. */
  void *symbol;
#define X(type, name, arguments) \
  symbol = library_symbol(library, #name); \
  memcpy(&api.name, &symbol, sizeof symbol);
  PCAP_REQUIRED(X)
  PCAP_OPTIONAL(X)
#undef X
#define X(type, name, arguments) \
  if (!api.name) { \
    snprintf(problem, sizeof problem, "libpcap is too old: it has no %s", #name); \
    return; \
  }
  PCAP_REQUIRED(X)
#undef X
  loaded = true;
}

#ifdef _WIN32
static BOOL CALLBACK load_once(PINIT_ONCE state, PVOID parameter, PVOID *context) {
  (void)state; (void)parameter; (void)context;
  load();
  return TRUE;
}
#endif

const char *pcap_api_load(void) {
#ifdef _WIN32
  InitOnceExecuteOnce(&once, load_once, NULL, NULL);
#else
  pthread_once(&once, load);
#endif
  return loaded ? NULL : problem;
}
