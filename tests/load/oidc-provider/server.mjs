// npm's oidc-provider as the other side of `cargo xtask bench oidc`: one person, who is signed in as soon as
// an application asks, and applications as the bench registers them at Cardea. All in memory: a Map that
// forgets nothing, as the one that comes with it keeps 1000 things.
//
// usage: node server.mjs PORT APPLICATIONS
// APPLICATIONS is JSON: [{ "client_id", "client_secret", "redirect_uri", "alg" }]. Says "ready" and its version when it listens.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, applications] = [Number(process.argv[2]), JSON.parse(process.argv[3])];

const kept = new Map();

class Memory {
  constructor(model) {
    this.model = model;
  }

  place(id) {
    return `${this.model} ${id}`;
  }

  async upsert(id, payload) {
    kept.set(this.place(id), payload);
    if (payload.uid) kept.set(`${this.model} of ${payload.uid}`, id);
  }

  async find(id) {
    return kept.get(this.place(id));
  }

  async findByUid(uid) {
    return this.find(kept.get(`${this.model} of ${uid}`));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    kept.get(this.place(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    kept.delete(this.place(id));
  }

  async revokeByGrantId(grantId) {
    for (const [place, payload] of kept) {
      if (payload.grantId === grantId) kept.delete(place);
    }
  }
}

const key = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
  alg,
  use: 'sig',
  kid: alg,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: applications.map(({ client_id, client_secret, redirect_uri, alg }) => ({
    client_id,
    client_secret,
    redirect_uris: [redirect_uri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: alg,
  })),
  jwks: {
    keys: [key('ec', { namedCurve: 'P-256' }, 'ES256'), key('rsa', { modulusLength: 2048 }, 'RS256')],
  },
  cookies: { keys: ['the bench'] },
  acrValues: ['phr'],
  claims: { openid: ['sub', 'acr', 'amr'] },
  features: {
    devInteractions: { enabled: false },
    // Signs its access tokens too (RFC 9068), as Cardea does, where the application's name does not say
    // otherwise.
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (client.clientId.endsWith('-unsigned') ? undefined : 'https://api.example'),
      getResourceServerInfo: (_, resource, client) => ({
        scope: 'api',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: client.idTokenSignedResponseAlg } },
      }),
      useGrantedResource: () => true,
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  loadExistingGrant: async (ctx) => {
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const login = { accountId: 'person', acr: 'phr', amr: ['pop'] };
  return provider.interactionFinished(ctx.req, ctx.res, { login });
});

provider.on('server_error', (_, error) => console.error(error));
const server = provider.listen(port, '127.0.0.1', () => console.log(`ready ${process.version}`));
// As long as Cardea keeps a connection on which nothing moves.
server.keepAliveTimeout = 60_000;
