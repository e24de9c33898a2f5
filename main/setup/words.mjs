/** What the set-up programs say. They run before any package is there, so these sentences live here and not in `src/words`. */
const catalogues = {
  en: {
    installingSystem: 'Installing system packages: {packages}',
    systemFailed: 'The system packages could not be installed ({reason}). Going on with what is there.',
    systemMissing: 'Missing for {purpose}: {packages}. To install, run: {command}',
    systemMissingUnknown: 'Missing for {purpose}: {packages}. Install them with your system\'s package manager.',
    purposeBuild: 'the native capture binding and the sandbox',
    purposeTest: 'some of the tests',
    installingNpm: 'Installing npm packages …',
    npmFailed: 'The npm packages could not be installed. What npm said:\n{output}\nCheck the network connection and run the command again.',
    nativeFailed: 'The native capture binding is not available ({reason}). The lab runs without it.',
    building: 'Building …',
    buildFailed: 'The build failed:\n{output}',
    buildWaiting: 'Another build of this checkout is running; waiting for it …',
    electronStarting: 'Opening TCP Lab …',
    electronDownloading: 'Downloading Electron {version} (once, about 120 MB) …',
    headlessBecause: 'Serving the window to your browser instead of opening one of its own: {reason}.',
    reasonAsked: 'asked for by --headless or --port',
    reasonNoScreen: 'this session has no screen',
    reasonRoot: 'Electron does not run as root with its sandbox on',
    reasonNoElectron: 'Electron\'s binary is not installed and could not be downloaded ({reason})',
    reasonNotReached: '{host} does not answer',
    reasonDownload: 'the download failed',
    reasonNotStarted: 'Electron could not be started ({reason})',
    reasonNotInstalled: 'the electron package is not installed',
    badOption: 'Unknown option {option}.\n{usage}',
    badPort: '--port takes a number from 0 to 65535, not {value}.',
    startUsage: 'Usage: npm start -- [--headless] [--port N] [--no-open]\n  --headless   serve the window on loopback, even where Electron is there\n  --port N     port of the server (0: any free one)\n  --no-open    do not open a browser on the served window',
  },
  ko: {
    installingSystem: '시스템 패키지를 설치합니다: {packages}',
    systemFailed: '시스템 패키지를 설치하지 못했습니다({reason}). 있는 것만으로 계속합니다.',
    systemMissing: '{purpose}에 필요한 패키지가 없습니다: {packages}. 다음 명령으로 설치하십시오: {command}',
    systemMissingUnknown: '{purpose}에 필요한 패키지가 없습니다: {packages}. 시스템의 패키지 관리자로 설치하십시오.',
    purposeBuild: '네이티브 캡처 바인딩과 샌드박스',
    purposeTest: '일부 테스트',
    installingNpm: 'npm 패키지를 설치합니다 …',
    npmFailed: 'npm 패키지를 설치하지 못했습니다. npm의 출력은 다음과 같습니다.\n{output}\n네트워크 연결을 확인하고 명령을 다시 실행하십시오.',
    nativeFailed: '네이티브 캡처 바인딩을 사용할 수 없습니다({reason}). 랩은 바인딩 없이 실행됩니다.',
    building: '빌드합니다 …',
    buildFailed: '빌드에 실패했습니다:\n{output}',
    buildWaiting: '이 체크아웃에서 다른 빌드가 실행 중입니다. 끝날 때까지 기다립니다 …',
    electronStarting: 'TCP Lab을 엽니다 …',
    electronDownloading: 'Electron {version}을 내려받습니다(처음 한 번, 약 120 MB) …',
    headlessBecause: '전용 창을 여는 대신 브라우저에 화면을 제공합니다: {reason}.',
    reasonAsked: '--headless 또는 --port 옵션을 지정했습니다',
    reasonNoScreen: '이 세션에는 화면이 없습니다',
    reasonRoot: 'Electron은 샌드박스를 켠 채 root로 실행할 수 없습니다',
    reasonNoElectron: 'Electron 실행 파일이 설치되어 있지 않고 내려받지도 못했습니다({reason})',
    reasonNotReached: '{host}에서 응답이 없습니다',
    reasonDownload: '내려받기에 실패했습니다',
    reasonNotStarted: 'Electron을 시작하지 못했습니다({reason})',
    reasonNotInstalled: 'electron 패키지가 설치되어 있지 않습니다',
    badOption: '알 수 없는 옵션 {option}입니다.\n{usage}',
    badPort: '--port에는 0부터 65535까지의 숫자를 지정해야 하며 {value}은(는) 쓸 수 없습니다.',
    startUsage: '사용법: npm start -- [--headless] [--port N] [--no-open]\n  --headless   Electron이 있어도 루프백으로 화면을 제공합니다\n  --port N     서버의 포트(0: 비어 있는 아무 포트)\n  --no-open    제공한 화면을 브라우저로 열지 않습니다',
  },
}

const locale = process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || Intl.DateTimeFormat().resolvedOptions().locale
const catalogue = locale.startsWith('ko') ? catalogues.ko : catalogues.en

/** A sentence with its `{parameters}` filled in. */
export function words(key, params = {}) {
  return catalogue[key].replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole))
}
