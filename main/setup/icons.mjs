// Draws packaging/icon.svg in every size and form that the packages need. Run it after changing the drawing: node main/setup/icons.mjs
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { chromiumFlags, findChromium } from './chromium.mjs'
import { root } from './root.mjs'

const folder = path.join(root, 'packaging')
const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024]

const pictures = await draw(readFileSync(path.join(folder, 'icon.svg'), 'utf8'))
mkdirSync(path.join(folder, 'icons'), { recursive: true })
for (const size of sizes.filter((size) => size <= 512)) writeFileSync(path.join(folder, `icons/${size}x${size}.png`), pictures.get(size))
writeFileSync(path.join(folder, 'icon.ico'), ico([16, 24, 32, 48, 64, 128, 256]))
writeFileSync(path.join(folder, 'icon.icns'), icns([['icp4', 16], ['icp5', 32], ['icp6', 64], ['ic07', 128], ['ic08', 256], ['ic09', 512], ['ic10', 1024], ['ic11', 32], ['ic12', 64], ['ic13', 256], ['ic14', 512]]))

async function draw(svg) {
  const browser = await chromium.launch({ executablePath: findChromium() ?? undefined, args: chromiumFlags })
  const page = await browser.newPage()
  const drawn = new Map()
  for (const size of sizes) {
    await page.setViewportSize({ width: size, height: size })
    await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`)
    drawn.set(size, await page.screenshot({ omitBackground: true }))
  }
  await browser.close()
  return drawn
}

/** Windows: a directory of PNG pictures; a side of 256 is written as 0. */
function ico(wanted) {
  const head = Buffer.alloc(6 + 16 * wanted.length)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(wanted.length, 4)
  let offset = head.length
  wanted.forEach((size, i) => {
    const at = 6 + 16 * i
    head[at] = head[at + 1] = size & 0xff
    head.writeUInt16LE(1, at + 4)
    head.writeUInt16LE(32, at + 6)
    head.writeUInt32LE(pictures.get(size).length, at + 8)
    head.writeUInt32LE(offset, at + 12)
    offset += pictures.get(size).length
  })
  return Buffer.concat([head, ...wanted.map((size) => pictures.get(size))])
}

/** macOS: tagged PNG pictures, lengths include their 8-byte heads. */
function icns(wanted) {
  const parts = wanted.map(([tag, size]) => tagged(tag, pictures.get(size)))
  return tagged('icns', Buffer.concat(parts))
}

function tagged(tag, body) {
  const head = Buffer.alloc(8)
  head.write(tag, 'latin1')
  head.writeUInt32BE(8 + body.length, 4)
  return Buffer.concat([head, body])
}
