// The verdict on a token for a tenant's route: 204, 401 or 403.

import fs from 'fs';
import hmac from 'crypto';

const alg = process.env.JWT_ALG;
const text = fs.readFileSync(process.env.JWT_KEY);
const encoder = new TextEncoder();
const rolesOf = { orders: ['viewer', 'admin'], admin: ['admin'] };

// the key in PEM, as DER
const spki = alg === 'RS256'
    && Buffer.from(text.toString().replace(/-----[A-Z ]+-----|\s/g, ''),
                   'base64');
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };


async function signed(what, signature) {
    if (alg === 'HS256') {
        return hmac.createHmac('sha256', text).update(what)
            .digest('base64url') === signature;
    }

    const key = await crypto.subtle.importKey('spki', spki, rsa, false,
                                              ['verify']);

    return crypto.subtle.verify(rsa, key, Buffer.from(signature, 'base64url'),
                                encoder.encode(what));
}


async function claimsOf(authorization) {
    if (!authorization || !authorization.startsWith('Bearer ')) {
        return null;
    }

    const parts = authorization.slice(7).split('.');

    if (parts.length !== 3) {
        return null;
    }

    const header = JSON.parse(Buffer.from(parts[0], 'base64url'));

    if (header.alg !== alg
        || !await signed(`${parts[0]}.${parts[1]}`, parts[2]))
    {
        return null;
    }

    const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));

    return claims.iss === 'https://id.example/' && claims.aud === 'bench'
           && claims.exp > Date.now() / 1000 ? claims : null;
}


async function verify(r) {
    let claims = null;

    try {
        claims = await claimsOf(r.variables.http_authorization);
    } catch (e) {
        // no token
    }

    if (!claims) {
        r.return(401);
        return;
    }

    const roles = claims.roles.split(' ');

    if (claims.tenant !== r.variables.tenant
        || !rolesOf[r.variables.route].some((role) => roles.includes(role)))
    {
        r.return(403);
        return;
    }

    r.headersOut['X-User'] = claims.sub;
    r.return(204);
}


export default { verify };
