// An application that signs people in with openid-client.

import { randomUUID } from 'node:crypto'
import http from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const here = `http://127.0.0.1:${PORT}`
const redirect_uri = `${here}/callback`
const sessions = new Map()

// The provider of these tests is on this computer, without TLS.
const options = { execute: [client.allowInsecureRequests] }
let config
try {
  config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, options)
} catch (error) {
  console.log(`refused: ${error.code} ${error.message}`)
  process.exit(0)
}

async function login(session) {
  session.verifier = client.randomPKCECodeVerifier()
  session.state = client.randomState()
  session.nonce = client.randomNonce()
  return client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: 'S256',
    state: session.state,
    nonce: session.nonce,
  })
}

async function callback(session, url) {
  const tokens = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: session.verifier,
    expectedState: session.state,
    expectedNonce: session.nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  Object.assign(session, { tokens, me: { claims, userinfo } })
}

async function refresh(session) {
  const tokens = await client.refreshTokenGrant(config, session.tokens.refresh_token)
  const other = tokens.access_token !== session.tokens.access_token
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, session.me.claims.sub)
  session.tokens = { ...session.tokens, ...tokens }
  return { other, claims: tokens.claims(), userinfo }
}

function logout(session) {
  return client.buildEndSessionUrl(config, {
    id_token_hint: session.tokens.id_token,
    post_logout_redirect_uri: `${here}/bye`,
  })
}

async function answer(session, url) {
  switch (url.pathname) {
    case '/login':
      return { location: (await login(session)).href }
    case '/callback':
      await callback(session, url)
      return { location: '/me' }
    case '/me':
      return session.me ? { json: session.me } : { status: 401, json: {} }
    case '/refresh':
      return { json: await refresh(session) }
    case '/logout': {
      const location = logout(session).href
      delete session.me
      return { location }
    }
    default:
      return { json: {} }
  }
}

// An error with its causes, which say what it was.
function told(error) {
  const text = [error.code, error.error, error.message].filter(Boolean).join(' ')
  return error.cause instanceof Error ? `${text}: ${told(error.cause)}` : text
}

const server = http.createServer(async (request, response) => {
  const id = /sid=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? randomUUID()
  if (!sessions.has(id)) sessions.set(id, {})
  let { status, location, json } = {}
  try {
    ;({ status, location, json } = await answer(sessions.get(id), new URL(request.url, here)))
  } catch (error) {
    status = 400
    json = { refused: told(error) }
  }
  const headers = { 'content-type': 'application/json', 'set-cookie': `sid=${id}; HttpOnly` }
  if (location) headers.location = location
  response.writeHead(status ?? (location ? 302 : 200), headers)
  response.end(JSON.stringify(json ?? {}))
})
server.listen(Number(PORT), '127.0.0.1', () => console.log('ready'))
