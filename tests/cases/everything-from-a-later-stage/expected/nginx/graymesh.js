// The string claims of a JSON web token as lines `name=value`, for maps that choose a version: one line for each member
// of a list, `outer.inner` for a claim inside of another one.
// Nobody verifies the signature here: a claim may choose who answers, it must never grant access.

function claims(r) {
    try {
        return lines('', payload(r.variables.gm_token || ''));
    } catch (e) {
        return '';
    }
}

function payload(token) {
    var parts = token.replace(/^Bearer +/i, '').split('.');
    return parts.length === 3 ? JSON.parse(Buffer.from(parts[1], 'base64url').toString()) : {};
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

export default {claims};
