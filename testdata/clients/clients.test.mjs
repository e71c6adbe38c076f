// Clients that other people wrote, unmodified, against the simulated devices: what works with real devices has to work here.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { HttpClient } from 'urllib'
import xml2js from 'xml2js'
import { password, simulate } from './fleet.mjs'

const require = createRequire(import.meta.url)
const { Nvr, Camera } = require('hikvision-api')
const { hikvision } = require('node-hikvision-api')

let fleet
before(async () => { fleet = await simulate('camera-v52', 'camera-v57', 'recorder-v2') })
after(() => fleet.end())

// hikvision-api logs in at the web page: the version 2 takes the cookie, the version 1 the id in the answer.
for (const [model, version] of [['recorder-v2', 2], ['recorder-v2', 1], ['camera-v57', 2], ['camera-v52', 1]]) {
  test(`hikvision-api, version ${version}, at ${model}`, async () => {
    const { host, port, serial } = fleet.devices[model]
    const client = new Nvr({ ip: host, port, user: 'admin', password, version, channelOffset: 0 })
    await assert.rejects(client.deviceInfo(), /401/)
    await client.connect()
    const info = await client.deviceInfo()
    assert.equal(info.serialNo, serial)

    assert.deepEqual((await client.fetchUsers()).map(u => u.userName), ['admin'])
    // It reads the status of an answer as a number and compares it with a text: what a device did, it calls an error named ok. That
    // is an error of the client, and no device can help it. It sends no id of the user: the device gives one.
    await assert.rejects(client.addUser({ userName: 'guard', password: 'Night-Watch-9' }), { message: 'ok' })
    assert.deepEqual((await client.fetchUsers()).map(u => u.userName), ['admin', 'guard'])
    await assert.rejects(client.deleteUser('guard'), { message: 'ok' })
    assert.deepEqual((await client.fetchUsers()).map(u => u.userName), ['admin'])

    const mode = async () => { const { mode } = await client.getTime(); return mode.value ?? mode } // recorders say what may be there, too
    assert.equal(await mode(), 'NTP')
    const set = client.setTime({ mode: 'manual', time: new Date() })
    if (model === 'recorder-v2') {
      await assert.rejects(set, /403/) // it sends three elements, and recorders of that age want the whole document back
    } else {
      await set
      assert.equal(await mode(), 'manual')
    }

    assert.match(await client.getWebsocketToken(), /^[0-9a-f]{32}$/)
    await client.disconnect()
    await assert.rejects(client.deviceInfo(), /401/)
  })
}

test('hikvision-api reads the cameras of a recorder', async () => {
  const { host, port } = fleet.devices['recorder-v2']
  const client = new Nvr({ ip: host, port, user: 'admin', password, version: 2, channelOffset: 0 })
  await client.connect()
  const had = (await client.fetchChannels()).length
  assert.ok(had > 0)
  assert.equal((await client.getChannelStatus()).length, had)
  await client.disconnect()
})

// Its Camera of version 2 sends the id of the session as the whole cookie, without a name. Real devices do not know whose it is,
// either: that is an error of the client.
test('the cameras of hikvision-api do not get in with version 2', async () => {
  const { host, port } = fleet.devices['camera-v57']
  const client = new Camera({ ip: host, port, user: 'admin', password, version: 2 })
  await client.connect()
  await assert.rejects(client.deviceInfo(), /401/)
})

// node-hikvision-api speaks Basic, which old cameras take, and new ones where webCertificate says so; its other calls are those of
// another vendor, so the stream of events is what there is. It takes each packet that it gets for a document: real cameras send the
// header of a part, and the part, by themselves.
test('node-hikvision-api hears the heartbeat', async () => {
  const { host, port } = fleet.devices['camera-v52']
  const sockets = []
  const net = require('node:net')
  const connect = net.connect
  net.connect = (...args) => { const socket = connect(...args); sockets.push(socket); return socket } // it has no way to be ended
  try {
    const listener = new hikvision({ host, port, user: 'admin', pass: password, log: true })
    globalThis.self = listener // which it uses without having set it: an error of the client, with every device
    const [code, action, index] = await once(listener, 'alarm')
    assert.deepEqual([code, action, index], ['VideoLoss', 'Stop', 1])
  } finally {
    net.connect = connect
    sockets.forEach(socket => socket.removeAllListeners('close').destroy())
  }
})

// What a program does that was written with a client for HTTP and a parser for XML: it builds new documents from what it read.
for (const model of ['camera-v52', 'camera-v57']) {
  test(`urllib and xml2js at ${model}`, async () => {
    const { address, serial } = fleet.devices[model]
    const client = new HttpClient()
    const ask = async (method, path, content) => {
      const answer = await client.request(address + path, { method, content, digestAuth: `admin:${password}`, headers: content ? { 'content-type': 'application/xml' } : {} })
      assert.equal(answer.status, 200, `${method} ${path}: ${answer.data}`)
      return answer
    }
    const read = async path => xml2js.parseStringPromise((await ask('GET', path)).data.toString())
    assert.equal((await read('/ISAPI/System/deviceInfo')).DeviceInfo.serialNumber[0], serial)
    assert.equal((await read('/ISAPI/System/Video/inputs/channels/1')).VideoInputChannel.inputPort[0], '1')

    const stream = await read('/ISAPI/Streaming/channels/101')
    stream.StreamingChannel.channelName = ['North <gate>']
    await ask('PUT', '/ISAPI/Streaming/channels/101', new xml2js.Builder().buildObject(stream))
    const list = await read('/ISAPI/Streaming/channels')
    assert.equal(list.StreamingChannelList.StreamingChannel[0].channelName[0], 'North <gate>')
    list.StreamingChannelList.StreamingChannel[1].channelName = ['South']
    await ask('PUT', '/ISAPI/Streaming/channels', new xml2js.Builder({ headless: true, renderOpts: { pretty: false } }).buildObject(list))
    assert.equal((await read('/ISAPI/Streaming/channels/102')).StreamingChannel.channelName[0], 'South')

    const picture = (await ask('GET', '/ISAPI/Streaming/channels/101/picture')).data
    assert.equal(picture.subarray(0, 3).toString('hex'), 'ffd8ff')
    assert.deepEqual((await read('/ISAPI/Security/users')).UserList.User.map(u => u.userName[0]), ['admin'])
  })
}

// curl is a client with a digest implementation of its own.
test('curl takes a picture and listens', async t => {
  const { address } = fleet.devices['camera-v57']
  const login = ['--silent', '--digest', '--user', `admin:${password}`]
  try {
    await promisify(execFile)('curl', ['--version'])
  } catch {
    return t.skip('curl is not installed')
  }
  const { stdout } = await promisify(execFile)('curl', [...login, '--fail', `${address}/ISAPI/Streaming/channels/102/picture`], { encoding: 'buffer' })
  assert.equal(stdout.subarray(0, 3).toString('hex'), 'ffd8ff')
  const child = spawn('curl', [...login, '--no-buffer', `${address}/ISAPI/Event/notification/alertStream`])
  let heard = ''
  for await (const chunk of child.stdout) {
    heard += chunk
    if (heard.includes('</EventNotificationAlert>')) break
  }
  child.kill()
  assert.match(heard, /^--boundary\r\n[^]*<eventType>videoloss<\/eventType>\s*<eventState>inactive<\/eventState>/)
})
