// The string claims of a JSON web token as lines `name=value`, for maps that choose a version.
// Nobody verifies the signature here: a claim may choose who answers, it must never grant access.

function claims(r) {
    try {
        return lines(payload(r.variables.gm_token || ''));
    } catch (e) {
        return '';
    }
}

function payload(token) {
    var parts = token.replace(/^Bearer +/i, '').split('.');
    return parts.length === 3 ? JSON.parse(Buffer.from(parts[1], 'base64url').toString()) : {};
}

function lines(values) {
    var found = '';
    Object.keys(values).sort().forEach(function (name) {
        var value = values[name];
        if (/^[A-Za-z0-9_-]+$/.test(name) && typeof value === 'string' && /^[ -~]+$/.test(value)) {
            found += name + '=' + value + '\n';
        }
    });
    return found;
}

export default {claims};
