// A real personal data server with a directory of its own, on loopback, for tests.
//
// Prints one line of JSON when it is ready: {"url", "directory"}. Ends on SIGTERM. Reads from the environment:
// PDS_TEST_DATA (a folder), PDS_TEST_ADMIN (the admin password), PDS_TEST_JWT (the secret that signs tokens),
// PDS_TEST_PORT (left out: any free port), PDS_TEST_KNOWN_AS (the port that it names as its own; left out: its own).
import crypto from 'node:crypto'
import dns from 'node:dns'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'

const data = process.env.PDS_TEST_DATA
const own = new Set(['localhost', '127.0.0.1'])

// Nothing may leave this machine: a handle outside .test would be looked up in the DNS.
const nowhere = (name) => Object.assign(new Error(`no such name: ${name}`), { code: 'ENOTFOUND', hostname: name })
dns.promises.resolveTxt = async (name) => { throw nowhere(name) }
const lookup = dns.lookup
dns.lookup = (name, options, done) => {
  const answer = done ?? options
  if (!own.has(name)) return process.nextTick(answer, nowhere(name))
  return lookup(name, done ? options : {}, answer)
}
const lookupSoon = dns.promises.lookup
dns.promises.lookup = async (name, options) => {
  if (!own.has(name)) throw nowhere(name)
  return lookupSoon(name, options)
}
dns.promises.Resolver.prototype.resolveTxt = async (name) => { throw nowhere(name) }

// This version of the server dies when a client cuts an upload short; a test that cuts connections must not end it.
process.on('uncaughtException', (error) => {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return
  console.error(error)
  process.exit(1)
})

// Both servers listen on every interface if they are left to it, so each is handed a socket that listens already.
const listening = (port) =>
  new Promise((resolve, reject) => {
    const socket = net.createServer()
    socket.once('error', reject)
    socket.listen(port, '127.0.0.1', () => resolve(socket))
  })

const listenOn = (app, socket) => {
  app.listen = () => http.createServer(app).listen(socket)
}

const { default: directoryPackage } = await import('@did-plc/server')
const { default: pdsPackage } = await import('@atproto/pds')

const directorySocket = await listening(0)
const directory = directoryPackage.PlcServer.create({ db: directoryPackage.Database.mock(), port: 0 })
listenOn(directory.app, directorySocket)
await directory.start()
const directoryUrl = `http://127.0.0.1:${directorySocket.address().port}`

const socket = await listening(Number(process.env.PDS_TEST_PORT ?? 0))
const port = socket.address().port
const environment = {
  devMode: true,
  port: Number(process.env.PDS_TEST_KNOWN_AS || port),
  hostname: 'localhost',
  dataDirectory: data,
  blobstoreDiskLocation: path.join(data, 'blobs'),
  blobUploadLimit: 5 * 1024 * 1024,
  didPlcUrl: directoryUrl,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  crawlers: [],
  rateLimitsEnabled: true,
  disableSsrfProtection: true,
  adminPassword: process.env.PDS_TEST_ADMIN,
  jwtSecret: process.env.PDS_TEST_JWT,
  plcRotationKeyK256PrivateKeyHex: crypto.randomBytes(32).toString('hex'),
}
const config = pdsPackage.envToCfg(environment)
const server = await pdsPackage.PDS.create(config, pdsPackage.envToSecrets(environment))
listenOn(server.app, socket)
await server.start()
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, directory: directoryUrl }))

const stop = async () => {
  await server.destroy()
  await directory.destroy()
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
