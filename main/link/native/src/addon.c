#include "addon.h"
#include "capture.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_EXPRESSION 65536u
#define NAME_BYTES 256u

/*
 * One open capture as JavaScript holds it. It outlives its capture until both the JavaScript handle and the wake-up function
 * are gone, because either may be the last to look at it.
 */
typedef struct {
  Capture capture;
  napi_env env;
  napi_threadsafe_function wake;
  napi_ref ring;
  napi_ref control;
  int holders;
  bool open;
} Handle;

static const napi_type_tag handle_tag = { 0x7463706c61620001u, 0x63617074757265ffu };

static bool read_options(napi_env env, napi_value object, CaptureOptions *into, char **filter);
static bool attach(napi_env env, Handle *handle, napi_value *arguments);
static napi_value result_of_open(napi_env env, Handle *handle);
static Handle *handle_of(napi_env env, napi_value value);
static void handle_close(Handle *handle);
static void handle_release(Handle *handle);
static void on_environment_end(void *data);
static void on_handle_collected(napi_env env, void *data, void *hint);
static void on_wake_finalized(napi_env env, void *data, void *context);
static void on_event(void *context, CaptureEvent event);
static void call_wake(napi_env env, napi_value function, void *context, void *data);
static bool usable(napi_env env);

/* open(options, ring, control, wake): { handle, linkType, snapLength, nanoseconds, mayInject, direction } */
static napi_value addon_open(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  char *filter = NULL;
  if (!usable(env) || !read_arguments(env, info, 4, arguments)) return NULL;
  Handle *handle = calloc(1, sizeof *handle);
  CaptureOptions options = { 0 };
  if (!handle || !read_options(env, arguments[0], &options, &filter)) {
    free(handle);
    return NULL;
  }
  handle->env = env;
  CaptureError error;
  bool opened = capture_open(&handle->capture, &options, filter, &error);
  free(filter);
  if (!opened) {
    throw_fault(env, error.code, error.text);
    free(handle);
    return NULL;
  }
  handle->open = true;
  if (!attach(env, handle, arguments)) return NULL;
  return result_of_open(env, handle);
}

/* setFilter(handle, expression): null, or the compiler's words. */
static napi_value addon_set_filter(napi_env env, napi_callback_info info) {
  napi_value arguments[2], nothing;
  if (!read_arguments(env, info, 2, arguments)) return NULL;
  Handle *handle = handle_of(env, arguments[0]);
  char *expression = handle ? read_text(env, arguments[1], LONGEST_EXPRESSION) : NULL;
  if (!expression) return NULL;
  const char *problem = handle->open ? capture_set_filter(&handle->capture, expression) : NULL;
  free(expression);
  if (problem) return value_text(env, problem);
  napi_get_null(env, &nothing);
  return nothing;
}

/* statistics(handle, into: Float64Array): in the order of CaptureCounters. */
static napi_value addon_statistics(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  void *data;
  size_t length;
  if (!read_arguments(env, info, 2, arguments)) return NULL;
  Handle *handle = handle_of(env, arguments[0]);
  if (!handle || !read_array(env, arguments[1], napi_float64_array, &data, &length)) return NULL;
  CaptureCounters counters;
  capture_statistics(&handle->capture, &counters);
  const uint64_t *from = (const uint64_t *)&counters;
  double *into = data;
  for (size_t i = 0; i < length && i < sizeof counters / sizeof *from; i++) into[i] = (double)from[i];
  return NULL;
}

/* inject(handle, bytes, offsets, lengths, count): number of frames taken. */
static napi_value addon_inject(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  void *bytes, *offsets, *lengths;
  size_t byte_count, offset_count, length_count;
  double count;
  if (!read_arguments(env, info, 5, arguments)) return NULL;
  Handle *handle = handle_of(env, arguments[0]);
  if (!handle || !read_array(env, arguments[1], napi_uint8_array, &bytes, &byte_count)
      || !read_array(env, arguments[2], napi_uint32_array, &offsets, &offset_count)
      || !read_array(env, arguments[3], napi_uint32_array, &lengths, &length_count)
      || !read_number(env, arguments[4], &count)) return NULL;
  bool fits = count >= 0 && count <= (double)offset_count && count <= (double)length_count;
  for (uint32_t i = 0; fits && i < (uint32_t)count; i++) {
    fits = (uint64_t)((uint32_t *)offsets)[i] + ((uint32_t *)lengths)[i] <= byte_count;
  }
  if (!fits) {
    napi_throw_range_error(env, NULL, "a frame lies outside of the batch's bytes");
    return NULL;
  }
  Capture *capture = &handle->capture;
  if (!handle->open || !capture->sender.injector.open) return value_number(env, 0);
  for (uint32_t i = 0; capture->direction.from_source && i < (uint32_t)count; i++) {
    direction_learn(&capture->direction, (uint8_t *)bytes + ((uint32_t *)offsets)[i], ((uint32_t *)lengths)[i]);
  }
  return value_number(env, sender_send(&capture->sender, bytes, offsets, lengths, (uint32_t)count));
}

/* close(handle); twice is allowed. */
static napi_value addon_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (!read_arguments(env, info, 1, arguments)) return NULL;
  Handle *handle = handle_of(env, arguments[0]);
  if (!handle || !handle->open) return NULL;
  napi_remove_env_cleanup_hook(env, on_environment_end, handle);
  handle_close(handle);
  return NULL;
}

/* compileFilter(expression, linkType, snapLength): the program as a Uint32Array, FILTER_WORDS an instruction, or the compiler's words. */
static napi_value addon_compile_filter(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  double link_type, snap_length;
  if (!usable(env) || !read_arguments(env, info, 3, arguments)) return NULL;
  if (!read_number(env, arguments[1], &link_type) || !read_number(env, arguments[2], &snap_length)) return NULL;
  char *expression = read_text(env, arguments[0], LONGEST_EXPRESSION);
  if (!expression) return NULL;
  char error[PCAP_ERRBUF_SIZE];
  FilterProgram program;
  bool compiled = filter_compile(expression, (int)link_type, (int)snap_length, &program, error);
  free(expression);
  if (!compiled) return value_text(env, error);
  napi_value words = value_words(env, program.words, (size_t)program.instructions * FILTER_WORDS);
  free(program.words);
  return words;
}

static napi_value addon_list(napi_env env, napi_callback_info info) {
  return usable(env) ? addon_interfaces(env, info) : NULL;
}

/* libraryVersion(): libpcap's own line about itself. */
static napi_value addon_version(napi_env env, napi_callback_info info) {
  (void)info;
  return usable(env) ? value_text(env, api.pcap_lib_version()) : NULL;
}

NAPI_MODULE_INIT() {
  static const struct { const char *name; napi_callback run; } functions[] = {
    { "libraryVersion", addon_version },
    { "interfaces", addon_list },
    { "compileFilter", addon_compile_filter },
    { "open", addon_open },
    { "setFilter", addon_set_filter },
    { "statistics", addon_statistics },
    { "inject", addon_inject },
    { "close", addon_close },
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].run, NULL, &function) != napi_ok) return NULL;
    set(env, exports, functions[i].name, function);
  }
  return exports;
}

static bool usable(napi_env env) {
  const char *problem = pcap_api_load();
  if (problem) throw_fault(env, "captureUnavailable", problem);
  return !problem;
}

static bool read_field(napi_env env, napi_value object, const char *name, double *into) {
  napi_value value;
  return napi_get_named_property(env, object, name, &value) == napi_ok && read_number(env, value, into);
}

static bool read_flag(napi_env env, napi_value object, const char *name, bool *into) {
  napi_value value;
  if (napi_get_named_property(env, object, name, &value) == napi_ok && napi_get_value_bool(env, value, into) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "a boolean option is missing");
  return false;
}

/* On success `*filter` is the caller's to free. */
static bool read_options(napi_env env, napi_value object, CaptureOptions *into, char **filter) {
  napi_value value;
  double snap_length, buffer_bytes, timeout_ms;
  if (!read_field(env, object, "snapLength", &snap_length) || !read_field(env, object, "bufferBytes", &buffer_bytes)
      || !read_field(env, object, "timeoutMs", &timeout_ms) || !read_flag(env, object, "promiscuous", &into->promiscuous)
      || !read_flag(env, object, "immediate", &into->immediate) || !read_flag(env, object, "seeSent", &into->see_sent)
      || !read_flag(env, object, "inject", &into->inject)) return false;
  into->snap_length = (uint32_t)snap_length;
  into->buffer_bytes = (uint32_t)buffer_bytes;
  into->timeout_ms = (uint32_t)timeout_ms;
  void *mac;
  size_t mac_length;
  napi_valuetype type;
  if (napi_get_named_property(env, object, "mac", &value) != napi_ok || napi_typeof(env, value, &type) != napi_ok) return false;
  if (type == napi_object) {
    if (!read_array(env, value, napi_uint8_array, &mac, &mac_length)) return false;
    into->has_mac = mac_length == sizeof into->mac;
    if (into->has_mac) memcpy(into->mac, mac, sizeof into->mac);
  }
  napi_get_named_property(env, object, "name", &value);
  char *name = read_text(env, value, NAME_BYTES - 1);
  if (!name) return false;
  snprintf(into->name, sizeof into->name, "%s", name);
  free(name);
  napi_get_named_property(env, object, "filter", &value);
  *filter = read_text(env, value, LONGEST_EXPRESSION);
  return *filter != NULL;
}

/* Ties the capture to the ring and the wake-up function, and starts it; closes it when that fails. */
static bool attach(napi_env env, Handle *handle, napi_value *arguments) {
  void *ring, *control;
  size_t ring_bytes, control_words;
  napi_value name = value_text(env, "tcplab capture");
  bool ready = read_array(env, arguments[1], napi_uint8_array, &ring, &ring_bytes)
    && read_array(env, arguments[2], napi_int32_array, &control, &control_words);
  if (ready && (ring_bytes < 65536 || ring_bytes > 0x80000000u || (ring_bytes & (ring_bytes - 1)) || control_words < CONTROL_WORDS)) {
    napi_throw_range_error(env, NULL, "the ring's size must be a power of two from 64 KiB to 2 GiB");
    ready = false;
  }
  ready = ready && napi_create_reference(env, arguments[1], 1, &handle->ring) == napi_ok
    && napi_create_reference(env, arguments[2], 1, &handle->control) == napi_ok
    && napi_create_threadsafe_function(env, arguments[3], NULL, name, 0, 1, handle, on_wake_finalized, handle, call_wake, &handle->wake) == napi_ok;
  if (!ready) {
    capture_close(&handle->capture);
    if (handle->ring) napi_delete_reference(env, handle->ring);
    if (handle->control) napi_delete_reference(env, handle->control);
    free(handle);
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) napi_throw_error(env, NULL, "the capture could not be tied to its ring");
    return false;
  }
  handle->holders = 1;
  /* Hooks run in reverse order, so the thread is stopped before Node closes the wake-up function. */
  napi_add_env_cleanup_hook(env, on_environment_end, handle);
  if (capture_start(&handle->capture, ring, (uint32_t)ring_bytes, control, on_event, handle)) return true;
  napi_remove_env_cleanup_hook(env, on_environment_end, handle);
  handle_close(handle);
  throw_fault(env, "captureUnavailable", "the capture thread could not be started");
  return false;
}

static napi_value result_of_open(napi_env env, Handle *handle) {
  napi_value object, external;
  if (napi_create_external(env, handle, on_handle_collected, NULL, &external) != napi_ok) {
    napi_remove_env_cleanup_hook(env, on_environment_end, handle);
    handle_close(handle);
    return NULL;
  }
  handle->holders++;
  napi_type_tag_object(env, external, &handle_tag);
  const Capture *capture = &handle->capture;
  napi_create_object(env, &object);
  set(env, object, "handle", external);
  set(env, object, "linkType", value_number(env, capture->link_type));
  set(env, object, "snapLength", value_number(env, capture->snap_length));
  set(env, object, "nanoseconds", value_boolean(env, capture->nanoseconds));
  set(env, object, "mayInject", value_boolean(env, capture->sender.injector.open));
  const DirectionReader *direction = &capture->direction;
  set(env, object, "reportsDirection", value_boolean(env, direction->from_kernel || direction->from_source || direction->cooked));
  return object;
}

static Handle *handle_of(napi_env env, napi_value value) {
  void *data = NULL;
  napi_valuetype type;
  bool ours = false;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external
      && napi_check_object_type_tag(env, value, &handle_tag, &ours) == napi_ok && ours
      && napi_get_value_external(env, value, &data) == napi_ok) return data;
  napi_throw_type_error(env, NULL, "a capture handle is expected");
  return NULL;
}

static void handle_close(Handle *handle) {
  if (!handle->open) return;
  handle->open = false;
  capture_close(&handle->capture);
  napi_delete_reference(handle->env, handle->ring);
  napi_delete_reference(handle->env, handle->control);
  napi_release_threadsafe_function(handle->wake, napi_tsfn_abort);
}

static void handle_release(Handle *handle) {
  if (--handle->holders == 0) free(handle);
}

static void on_environment_end(void *data) {
  handle_close(data);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env; (void)hint;
  handle_release(data);
}

static void on_wake_finalized(napi_env env, void *data, void *context) {
  (void)env; (void)context;
  handle_release(data);
}

/* In the capture thread. */
static void on_event(void *context, CaptureEvent event) {
  Handle *handle = context;
  napi_call_threadsafe_function(handle->wake, (void *)(uintptr_t)event, napi_tsfn_nonblocking);
}

/* wake(closedReason: string | null), in the thread that opened the capture. */
static void call_wake(napi_env env, napi_value function, void *context, void *data) {
  Handle *handle = context;
  if (!env || !handle->open) return;
  napi_value receiver, argument;
  napi_get_undefined(env, &receiver);
  if ((uintptr_t)data == EVENT_CLOSED) argument = value_text(env, handle->capture.end_reason);
  else napi_get_null(env, &argument);
  napi_call_function(env, receiver, function, 1, &argument, NULL);
}
