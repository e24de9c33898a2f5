#ifndef TCPLAB_VALUES_H
#define TCPLAB_VALUES_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Short spellings of what an addon says most often to Node-API. A failed read throws a TypeError and returns false. */

napi_value value_text(napi_env env, const char *text);
napi_value value_number(napi_env env, double number);
/* A Uint32Array with a copy of the words. */
napi_value value_words(napi_env env, const uint32_t *words, size_t count);
napi_value value_boolean(napi_env env, bool truth);
void set(napi_env env, napi_value object, const char *name, napi_value value);

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *into);
bool read_number(napi_env env, napi_value value, double *into);
/* A new NUL-terminated copy, or NULL. */
char *read_text(napi_env env, napi_value value, size_t longest);
/* A typed array, also over a SharedArrayBuffer; its memory stays where it is while the array lives. */
bool read_array(napi_env env, napi_value value, napi_typedarray_type type, void **data, size_t *length);

/* Throws an Error whose `code` is a fault code of the lab. */
void throw_fault(napi_env env, const char *code, const char *message);

#endif
