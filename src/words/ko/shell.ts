import type { SameKeys } from '../catalogue.ts'
import type { shell as en } from '../en/shell.ts'

export const shell: SameKeys<typeof en> = {
  menu: {
    about: 'TCP Lab 정보',
    file: '파일',
    openCapture: '캡처 파일 열기 …',
    closeWindow: '창 닫기',
    quit: 'TCP Lab 종료',
    edit: '편집',
    undo: '실행 취소',
    redo: '다시 실행',
    cut: '잘라내기',
    copy: '복사',
    paste: '붙여넣기',
    selectAll: '모두 선택',
    view: '보기',
    actualSize: '실제 크기',
    zoomIn: '확대',
    zoomOut: '축소',
    fullScreen: '전체 화면',
    developerTools: '개발자 도구',
    window: '창',
    minimize: '최소화',
    hide: 'TCP Lab 가리기',
    help: '도움말',
  },
  dialog: {
    openTitle: '캡처 파일 열기',
    captureFiles: '캡처 파일(pcapng, pcap)',
    allFiles: '모든 파일',
    aboutDetail: '버전 {version}\nElectron {electron}, Chromium {chrome}, Node {node}',
    labEndedTitle: '랩이 중단되었습니다',
    labEnded: '랩 코어가 스스로 종료되었습니다: {reason}. 캡처한 내용은 기록 파일에 보존되어 있습니다. TCP Lab을 다시 시작하십시오.',
    windowBroken: '창을 불러오지 못했습니다: {reason}. npm run build로 프로젝트를 다시 빌드하십시오.',
  },
}
