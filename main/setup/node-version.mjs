// Imported first by every set-up program: an old Node gets one clear line in place of a syntax error further on.
const wanted = [20, 19]
const parts = process.versions.node.split('.').map(Number)
if (parts[0] < wanted[0] || (parts[0] === wanted[0] && parts[1] < wanted[1])) {
  const korean = /^ko/.test(process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '')
  console.error(korean
    ? 'TCP Lab을 실행하려면 Node ' + wanted.join('.') + ' 이상이 필요하지만 지금은 Node ' + process.versions.node + '입니다. https://nodejs.org 에서 새 버전을 설치한 뒤 다시 실행하십시오.'
    : 'TCP Lab needs Node ' + wanted.join('.') + ' or later, and this is Node ' + process.versions.node + '. Install a newer one from https://nodejs.org and run the command again.')
  process.exit(1)
}
