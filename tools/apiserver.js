//
// apiserver.js FILE: as much of Kubernetes' API server as helm asks to install
// and to upgrade the chart; FILE gets its address.
//
// It keeps objects as they are sent, and a patch of one as a merge patch, which
// is what helm's are as long as no list changes.
//

'use strict';

const fs = require('node:fs');
const http = require('node:http');

const kinds = {
    v1: { configmaps: 'ConfigMap', secrets: 'Secret', services: 'Service',
          serviceaccounts: 'ServiceAccount' },
    'apps/v1': { deployments: 'Deployment' },
    'networking.k8s.io/v1': { networkpolicies: 'NetworkPolicy' },
    'policy/v1': { poddisruptionbudgets: 'PodDisruptionBudget' },
    'rbac.authorization.k8s.io/v1': { roles: 'Role',
                                      rolebindings: 'RoleBinding' }
};
const kept = {};                // by path


// What GET answers of what there is to know; undefined: nothing.
function discovery(path) {
    const version = /^\/apis?\/(.*)$/.exec(path)?.[1];
    const groups = Object.keys(kinds).filter(name => name !== 'v1');

    if (path === '/version') {
        return { major: '1', minor: '32', gitVersion: 'v1.32.0' };
    }

    if (path === '/api') {
        return { kind: 'APIVersions', versions: ['v1'] };
    }

    if (path === '/apis') {
        return {
            kind: 'APIGroupList', apiVersion: 'v1',
            groups: groups.map(groupVersion => ({
                name: groupVersion.split('/')[0],
                versions: [{ groupVersion, version: 'v1' }]
            }))
        };
    }

    return kinds[version] && {
        kind: 'APIResourceList', apiVersion: 'v1', groupVersion: version,
        resources: Object.entries(kinds[version]).map(([name, kind]) => ({
            name, kind, namespaced: true, singularName: kind.toLowerCase(),
            verbs: ['create', 'delete', 'get', 'list', 'patch', 'update']
        }))
    };
}


function merged(object, patch) {
    if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) {
        return patch;
    }

    const result = { ...object };

    for (const [key, value] of Object.entries(patch)) {
        if (value === null) {
            delete result[key];
        } else {
            result[key] = merged(result[key], value);
        }
    }

    return result;
}


// A Secret's text becomes what it has.
function stored(object) {
    for (const [key, text] of Object.entries(object.stringData ?? {})) {
        object.data = { ...object.data,
                        [key]: Buffer.from(text).toString('base64') };
    }

    delete object.stringData;

    return object;
}


// The objects of a path that labels select, as a list.
function list(path, selector) {
    const wants = (selector ?? '').split(',').filter(text => text !== '')
        .map(text => text.split('='));
    const items = Object.keys(kept)
        .filter(key => key.startsWith(`${path}/`))
        .map(key => kept[key])
        .filter(o => wants.every(([key, value]) =>
            o.metadata.labels?.[key] === value));

    return { kind: 'SecretList', apiVersion: 'v1', metadata: {}, items };
}


// [status, object]
function answer(method, url, text) {
    const path = url.pathname;
    const known = method === 'GET' ? discovery(path) : undefined;
    const body = text === '' ? undefined : JSON.parse(text);

    if (known !== undefined) {
        return [200, known];
    }

    if (method === 'POST') {
        kept[`${path}/${body.metadata.name}`] = stored(body);

        return [201, body];
    }

    if (method === 'GET' && path.endsWith('/secrets')) {
        return [200, list(path, url.searchParams.get('labelSelector'))];
    }

    if (kept[path] === undefined) {
        return [404, { kind: 'Status', apiVersion: 'v1', status: 'Failure',
                       reason: 'NotFound', code: 404, message: path }];
    }

    if (method === 'PUT') {
        kept[path] = stored(body);
    } else if (method === 'PATCH') {
        kept[path] = stored(merged(kept[path], body));
    }

    return [200, kept[path]];
}


const server = http.createServer((request, response) => {
    let text = '';

    request.on('data', piece => { text += piece; });
    request.on('end', () => {
        const [code, object] = answer(
            request.method, new URL(request.url, 'http://x'), text);

        response.writeHead(code, { 'content-type': 'application/json' });
        response.end(JSON.stringify(object));
    });
});

server.listen(0, '127.0.0.1', () => {
    const file = process.argv[2];

    fs.writeFileSync(`${file}.new`,
                     `http://127.0.0.1:${server.address().port}`);
    fs.renameSync(`${file}.new`, file);
});
