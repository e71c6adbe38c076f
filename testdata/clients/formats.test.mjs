// Readers of plans by other people, unmodified, on what camform prints of simulated devices.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { lexer } from 'marked'
import { password, simulate } from './fleet.mjs'

const unidiff = createRequire(import.meta.url)('@ahmadnassri/terraform-unidiff')
const program = process.env.CAMFORM ?? new URL('../../bin/camform', import.meta.url).pathname

let fleet, dir
before(async () => {
  fleet = await simulate('camera-v52', 'camera-v57')
  dir = await mkdtemp(join(tmpdir(), 'camform-formats-'))
  const devices = Object.entries(fleet.devices).map(([name, { address }]) => `
device "${name}" {
  address = "${address}"

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  tls {
    plain = true
  }

  user "viewer" {
    level    = "Viewer"
    password = secret("env:VIEWER_PASSWORD")
  }

  upnp {
    enabled = true
  }
}
`)
  await writeFile(join(dir, 'main.cam.hcl'), devices.join(''))
})
after(async () => {
  await fleet.end()
  await rm(dir, { recursive: true })
})

function camform (...args) {
  const env = { ...process.env, HOME: dir, CAMERA_PASSWORD: password, VIEWER_PASSWORD: 'Night-Watch-9' }
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: dir, env, encoding: 'utf8' })
  assert.equal(status, 0, `camform ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

test('terraform-unidiff counts the same changes as camform', () => {
  const text = camform('plan', '-out=site.plan')
  const { summary, patches } = unidiff(JSON.parse(camform('show', '-json', 'site.plan')))
  const [, add, change, destroy] = text.match(/^Plan: (\d+) to add, (\d+) to change, (\d+) to destroy\.$/m).map(Number)
  assert.deepEqual(summary, { create: add, update: change, delete: destroy })
  assert.equal(patches.length, add + change + destroy)
  assert.ok(add > 0 && change > 0)
  assert.match(patches.join(''), /\+level: Viewer\n\+password: null/)
  assert.doesNotMatch(patches.join(''), /Night-Watch/)
})

test('a parser of Markdown finds the sections of a comment, and nothing that breaks out of them', () => {
  const tokens = lexer(camform('plan', '-markdown'))
  const codes = tokens.filter(t => t.type === 'code')
  const html = tokens.filter(t => t.type === 'html').map(t => t.raw).join('')
  assert.ok(codes.length > 0)
  assert.match(codes.map(c => c.text).join('\n'), /upnp/)
  assert.equal((html.match(/<details(?: open)?>/g) ?? []).length, (html.match(/<\/details>/g) ?? []).length)
  assert.match(html, /^<!-- camform plan/)
})
