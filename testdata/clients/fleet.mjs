// Starts simulated devices for a test, and ends them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const password = 'Gate-Keeper-7'

// A port that nobody has now.
async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

// The devices by their model, with host and port of each, and a function that ends them.
export async function simulate (...models) {
  const dir = await mkdtemp(join(tmpdir(), 'camform-clients-'))
  const inventory = join(dir, 'inventory.csv')
  const program = process.env.CAMFORM ?? new URL('../../bin/camform', import.meta.url).pathname
  const child = spawn(program, ['simulate', '-net', '127.77.0.0/24', '-port', String(await freePort()), '-models', models.join(','), '-inventory', inventory], {
    env: { ...process.env, CAMERA_PASSWORD: password }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const gone = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), gone.then(() => { throw new Error('the simulator ended before it was ready') })])
  const devices = {}
  for (const line of (await readFile(inventory, 'utf8')).trim().split('\n').slice(1)) {
    const [name, address, serial] = line.split(',')
    const { hostname, port } = new URL(address)
    devices[name.replace(/-\d+$/, '')] = { address, host: hostname, port: Number(port), serial }
  }
  return {
    devices,
    async end () {
      child.kill('SIGINT')
      await gone
      await rm(dir, { recursive: true })
    }
  }
}
