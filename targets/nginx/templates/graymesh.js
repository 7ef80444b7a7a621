// The string claims of a JSON web token as lines `name=value`, for maps that choose a version: one line for each member
// of a list, `outer.inner` for a claim inside of another one.
//
// `claims` takes the token's word: nobody verifies its signature, so a claim may choose who answers, and must never
// grant access. `verify` takes only tokens that are signed with one of the keys of $gm_keys, by $gm_issuer, in their
// time; their lines are in $gm_verified then, which stays empty otherwise.

function claims(r) {
    try {
        return lines('', parsed(parts(r)[1]));
    } catch (e) {
        return '';
    }
}

function verify(r) {
    try {
        var token = parts(r);
        check(r, token, parsed(token[0]), parsed(token[1]));
    } catch (e) {
        // no token, or none that can be read
    }
    return '';
}

function parts(r) {
    var found = (r.variables.gm_token || '').replace(/^Bearer +/i, '').split('.');
    return found.length === 3 ? found : ['', '', ''];
}

function parsed(part) {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
}

// Which keys an algorithm takes (RFC 7518, 3.1). What a token's header says chooses among the keys of its own kind
// alone, so that a public key is never taken for a secret, and `none` has no key at all.
var ALGORITHMS = {
    HS256: {kty: 'oct', format: 'raw', name: {name: 'HMAC', hash: 'SHA-256'}, bytes: secret},
    RS256: {kty: 'RSA', format: 'spki', name: {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256'}, bytes: rsa},
    ES256: {kty: 'EC', format: 'spki', name: {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}, bytes: ec},
};
var LATE_SECONDS = 60;

function check(r, token, header, values) {
    var algorithm = typeof header.alg === 'string' && ALGORITHMS.hasOwnProperty(header.alg) && ALGORITHMS[header.alg];
    if (!algorithm || header.crit !== undefined || Array.isArray(values) || !current(values, r.variables.gm_issuer)) {
        return;
    }
    var keys = globalThis[r.variables.gm_keys].keys;
    for (var i = 0; i < keys.length; i++) {
        if (fits(keys[i], algorithm, header)) {
            tried(r, algorithm, keys[i], token, values);
        }
    }
}

function current(values, issuer) {
    var now = Date.now() / 1000;
    var begun = values.nbf === undefined || (typeof values.nbf === 'number' && values.nbf <= now + LATE_SECONDS);
    var ended = values.exp !== undefined && !(typeof values.exp === 'number' && now <= values.exp + LATE_SECONDS);
    return begun && !ended && values.iss === issuer;
}

function fits(key, algorithm, header) {
    return key.kty === algorithm.kty
        && (key.alg === undefined || key.alg === header.alg)
        && (key.use === undefined || key.use === 'sig')
        && (key.kid === undefined || header.kid === undefined || key.kid === header.kid);
}

// The engine works off promises before it goes on, so the answer is there when the next variable is read.
function tried(r, algorithm, key, token, values) {
    var bytes = algorithm.bytes(key);
    if (!bytes) {
        return;
    }
    crypto.subtle.importKey(algorithm.format, bytes, algorithm.name, false, ['verify']).then(function (imported) {
        var signature = Buffer.from(token[2], 'base64url');
        return crypto.subtle.verify(algorithm.name, imported, signature, Buffer.from(token[0] + '.' + token[1]));
    }).then(function (valid) {
        if (valid === true) {
            r.variables.gm_verified = lines('', values);
        }
    }).catch(function () {
        // a key that cannot be read, or a signature of another length: it is not this one
    });
}

// At least 256 bits (RFC 7518, 3.2); with an empty secret everybody could sign.
function secret(key) {
    var bytes = Buffer.from(key.k, 'base64url');
    return bytes.length >= 32 ? bytes : null;
}

// At least 2048 bits (RFC 7518, 3.3), as SubjectPublicKeyInfo (RFC 3279, 2.3.1).
function rsa(key) {
    var modulus = Buffer.from(key.n, 'base64url');
    var numbers = der(0x30, [der(0x02, [[0], modulus]), der(0x02, [[0], Buffer.from(key.e, 'base64url')])]);
    var kind = der(0x30, [[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]]);
    return modulus.length >= 256 && modulus[0] ? der(0x30, [kind, der(0x03, [[0], numbers])]) : null;
}

// A point of P-256, as SubjectPublicKeyInfo (RFC 5480, 2).
function ec(key) {
    var x = Buffer.from(key.x, 'base64url');
    var y = Buffer.from(key.y, 'base64url');
    var curve = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    var kind = der(0x30, [[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], curve]);
    var whole = key.crv === 'P-256' && x.length === 32 && y.length === 32;
    return whole ? der(0x30, [kind, der(0x03, [[0, 4], x, y])]) : null;
}

function der(tag, contents) {
    var bytes = Buffer.concat(contents.map(function (part) { return Buffer.from(part); }));
    var size = bytes.length;
    var head = size < 128 ? [tag, size] : size < 256 ? [tag, 0x81, size] : [tag, 0x82, size >> 8, size & 255];
    return Buffer.concat([Buffer.from(head), bytes]);
}

function lines(outer, values) {
    var found = '';
    Object.keys(values).sort().forEach(function (name) {
        if (/^[A-Za-z0-9_:-]+$/.test(name) || (!outer && /^https?:\/\/[A-Za-z0-9._~:\/-]+$/.test(name))) {
            found += claim(outer + name, values[name]);
        }
    });
    return found;
}

function claim(name, value) {
    if (typeof value === 'string') {
        return /^[ -~]+$/.test(value) ? name + '=' + value + '\n' : '';
    }
    if (Array.isArray(value)) {
        return value.map(function (member) {
            return typeof member === 'string' ? claim(name, member) : '';
        }).join('');
    }
    return value && typeof value === 'object' ? lines(name + '.', value) : '';
}

export default {claims, verify};
