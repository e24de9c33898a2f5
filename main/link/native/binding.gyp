{
  'targets': [{
    'target_name': 'tcplab_pcap',
    'sources': [
      'src/addon.c',
      'src/addon-interfaces.c',
      'src/capture.c',
      'src/capture-loop.c',
      'src/direction.c',
      'src/filter.c',
      'src/inject.c',
      'src/interfaces.c',
      'src/pcap-api.c',
      'src/platform.c',
      'src/sender.c',
      'src/values.c',
    ],
    'defines': ['NAPI_VERSION=8', 'NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED'],
    'conditions': [
      ['OS=="linux"', {
        'defines': ['_GNU_SOURCE'],
        'cflags_c': ['-std=c11', '-O2', '-Wall', '-Wextra', '-Wno-unused-parameter', '-fvisibility=hidden'],
        'libraries': ['-ldl', '-lpthread'],
      }],
      ['OS=="mac"', {
        'defines': ['_DARWIN_C_SOURCE'],
        'xcode_settings': {
          'GCC_C_LANGUAGE_STANDARD': 'c11',
          'GCC_OPTIMIZATION_LEVEL': '2',
          'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
          'MACOSX_DEPLOYMENT_TARGET': '11.0',
          'WARNING_CFLAGS': ['-Wall', '-Wextra', '-Wno-unused-parameter'],
        },
      }],
      ['OS=="win"', {
        'variables': { 'npcap_sdk%': '<!(node -p "process.env.NPCAP_SDK || \'C:/npcap-sdk\'")' },
        'include_dirs': ['<(npcap_sdk)/Include'],
        'defines': ['WIN32_LEAN_AND_MEAN', '_WIN32_WINNT=0x0A00', '_CRT_SECURE_NO_WARNINGS'],
        'libraries': ['iphlpapi.lib', 'ws2_32.lib'],
        'msvs_settings': { 'VCCLCompilerTool': { 'AdditionalOptions': ['/std:c11'], 'WarningLevel': 3 } },
      }],
    ],
  }],
}
