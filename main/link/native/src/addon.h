#ifndef TCPLAB_ADDON_H
#define TCPLAB_ADDON_H

#include <node_api.h>

napi_value addon_interfaces(napi_env env, napi_callback_info info);

#endif
