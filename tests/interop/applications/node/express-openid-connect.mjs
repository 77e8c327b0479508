// An application that signs people in with express-openid-connect.

import { randomBytes } from 'node:crypto'
import express from 'express'
import oidc from 'express-openid-connect'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const here = `http://127.0.0.1:${PORT}`

// Sessions are kept here, so that the provider can end them.
class Kept {
  #sessions = new Map()
  get(id, done) {
    done(null, this.#sessions.get(id))
  }
  set(id, session, done) {
    this.#sessions.set(id, session)
    done?.(null)
  }
  destroy(id, done) {
    this.#sessions.delete(id)
    done?.(null)
  }
}

const app = express()
app.use(
  oidc.auth({
    issuerBaseURL: ISSUER,
    baseURL: here,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: randomBytes(32).toString('hex'),
    authRequired: false,
    idpLogout: true,
    authorizationParams: {
      response_type: 'code',
      scope: 'openid profile email offline_access',
    },
    session: { store: new Kept() },
    backchannelLogout: true,
    routes: { postLogoutRedirect: '/bye' },
  }),
)
app.get('/me', async (request, response) => {
  if (!request.oidc.isAuthenticated()) return response.status(401).json({})
  const userinfo = await request.oidc.fetchUserInfo()
  response.json({ claims: request.oidc.idTokenClaims, userinfo })
})
app.get('/refresh', async (request, response) => {
  const before = request.oidc.accessToken.access_token
  const { access_token } = await request.oidc.accessToken.refresh()
  const userinfo = await request.oidc.fetchUserInfo()
  response.json({ other: access_token !== before, claims: request.oidc.idTokenClaims, userinfo })
})
app.get('/bye', (_request, response) => response.json({}))
app.use((error, _request, response, _next) => {
  response.status(error.statusCode ?? error.status ?? 500).json({ refused: told(error) })
})

// An error with its causes, which say what it was.
function told(error) {
  const text = [error.code, error.error, error.message].filter(Boolean).join(' ')
  return error.cause instanceof Error ? `${text}: ${told(error.cause)}` : text
}

app.listen(Number(PORT), '127.0.0.1', () => console.log('ready'))
