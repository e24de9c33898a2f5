#include "values.h"

#include <stdlib.h>
#include <string.h>

napi_value value_text(napi_env env, const char *text) {
  napi_value value;
  if (napi_create_string_utf8(env, text ? text : "", NAPI_AUTO_LENGTH, &value) != napi_ok) napi_get_undefined(env, &value);
  return value;
}

napi_value value_number(napi_env env, double number) {
  napi_value value;
  if (napi_create_double(env, number, &value) != napi_ok) napi_get_undefined(env, &value);
  return value;
}

napi_value value_words(napi_env env, const uint32_t *words, size_t count) {
  void *data;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, count * sizeof *words, &data, &buffer) != napi_ok) return NULL;
  if (count > 0) memcpy(data, words, count * sizeof *words);
  return napi_create_typedarray(env, napi_uint32_array, count, buffer, 0, &array) == napi_ok ? array : NULL;
}

napi_value value_boolean(napi_env env, bool truth) {
  napi_value value;
  if (napi_get_boolean(env, truth, &value) != napi_ok) napi_get_undefined(env, &value);
  return value;
}

void set(napi_env env, napi_value object, const char *name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *into) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, into, NULL, NULL) == napi_ok && given >= count) return true;
  napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

bool read_number(napi_env env, napi_value value, double *into) {
  if (napi_get_value_double(env, value, into) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "a number is expected");
  return false;
}

char *read_text(napi_env env, napi_value value, size_t longest) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string is expected");
    return NULL;
  }
  if (length > longest) {
    napi_throw_range_error(env, NULL, "the string is too long");
    return NULL;
  }
  char *text = malloc(length + 1);
  if (text && napi_get_value_string_utf8(env, value, text, length + 1, &length) == napi_ok) return text;
  free(text);
  napi_throw_error(env, NULL, "out of memory");
  return NULL;
}

bool read_array(napi_env env, napi_value value, napi_typedarray_type type, void **data, size_t *length) {
  napi_typedarray_type found;
  bool is_array = false;
  if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array
      && napi_get_typedarray_info(env, value, &found, length, data, NULL, NULL) == napi_ok && found == type) return true;
  napi_throw_type_error(env, NULL, "a typed array of another kind is expected");
  return false;
}

void throw_fault(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message && message[0] ? message : code);
}
