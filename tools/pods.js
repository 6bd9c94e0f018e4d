//
// pods.js: pods of helm/weir as processes of this machine, for tools/pod and
// tools/release.
//
// Commands, arguments, files and paths are those that the chart renders, below
// a directory of each pod; as root, they run as the user of the image.  What
// the kubelet does is done here: containers in their order, the ConfigMap by
// swapping its ..data link, preStop, signals.
//

'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { basename, join } = require('node:path');
const { root, build, run, find } = require('./chart.js');

const dir = fs.mkdtempSync(join(tmpdir(), 'weir-pod-'));
const user = process.getuid() || 10001;
const group = process.getuid() === 0 ? user : process.getgid();
const sleep = ms => new Promise(done => { setTimeout(done, ms); });
const started = [];
const me = basename(process.argv[1]);
let failed = 0;


function ok(is, text) {
    failed += is ? 0 : 1;
    console.log(`${me}: ${is ? 'ok' : 'FAILED'}: ${text}`);
}


async function until(what, test, seconds = 10) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
        if (await test()) {
            return;
        }

        await sleep(20);
    }

    throw new Error(`${what}: not within ${seconds} s`);
}


function free_port() {
    return new Promise(done => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();

            server.close(() => done(port));
        });
    });
}


function own(path) {
    fs.chownSync(path, user, group);

    return path;
}


function make(...path) {
    fs.mkdirSync(join(...path), { recursive: true });

    return own(join(...path));
}


// {code, text, headers} of an answer; of no answer the code 0.
function get(port, path, agent, headers = {}) {
    return new Promise(done => {
        const request = http.get({ host: '127.0.0.1', port, path, agent,
                                   headers });

        const none = e => done({ code: 0, text: e.message, headers: {} });

        request.on('error', none);
        request.on('response', answer => {
            let text = '';

            answer.on('data', piece => { text += piece; });
            answer.on('error', none);
            answer.on('end', () => done({ code: answer.statusCode, text,
                                          headers: answer.headers }));
        });
    });
}


// Pods

class Pod {
    constructor(name, objects, ports) {
        this.name = name;
        this.root = join(dir, name);
        this.ports = ports;
        this.spec = find(objects, 'Deployment').spec.template.spec;
        this.policies = 0;

        for (const path of ['etc/weir', 'etc/nginx/signing', 'etc/weir-keys',
                            'run/weir', 'var/lib/weir', 'tmp', 'account',
                            'prefix', 'prefix/logs'])
        {
            make(this.root, path);
        }

        fs.symlinkSync(join(dir, 'bin'), join(this.root, 'prefix/modules'));

        const { data } = find(objects, 'ConfigMap', '-nginx');

        const text = this.here(data['nginx.conf'])
            .replace('listen 8080', `listen ${ports.http}`)
            .replace('listen 8081', `listen ${ports.operators}`)
            .replace(/listen /g, 'listen 127.0.0.1:');

        fs.writeFileSync(join(this.root, 'etc/nginx/nginx.conf'), text);

        for (const [name, path] of [['policy.key', 'etc/weir-keys'],
                                    ['policy.key.pub', 'etc/nginx/signing'],
                                    ['ca.crt', 'account'],
                                    ['token', 'account']])
        {
            if (fs.existsSync(join(dir, name))) {
                fs.copyFileSync(join(dir, name), join(this.root, path, name));
                own(join(this.root, path, name));
            }
        }
    }

    // Paths of the pod's file system.
    here(text) {
        const paths
            = /\/(etc\/(weir-keys|weir|nginx)|run\/weir|var\/lib\/weir|tmp)\b/g;

        return text.replace(paths, `${this.root}/$1`);
    }

    // As the kubelet writes a ConfigMap: all files at once.
    mount(files) {
        const at = join(this.root, 'etc/weir');
        const version = `..${++this.policies}`;
        const old = `..${this.policies - 1}`;

        make(at, version);

        for (const [name, text] of Object.entries(files)) {
            fs.writeFileSync(join(at, version, name), text);

            if (!fs.existsSync(join(at, name))) {
                fs.symlinkSync(`..data/${name}`, join(at, name));
            }
        }

        fs.symlinkSync(version, join(at, '..data_tmp'));
        fs.renameSync(join(at, '..data_tmp'), join(at, '..data'));
        fs.rmSync(join(at, old), { recursive: true, force: true });
    }

    container(name) {
        return [...this.spec.initContainers, ...this.spec.containers]
            .find(c => c.name === name);
    }

    // Starts a command in the pod; what it says goes to a file.
    start(name, command, more = []) {
        const file = join(this.root, `${name}.log`);
        const log = fs.openSync(file, 'a');

        own(file);

        const args = command.slice(1).map(text => this.here(text));
        const child = spawn(command[0], [...args, ...more], {
            cwd: '/', stdio: ['ignore', log, log], uid: user, gid: group,
            env: { PATH: `${dir}/bin:/usr/bin:/bin`,
                   POD_NAME: `weir-${this.name}`, POD_NAMESPACE: 'shop',
                   POD_UID: `uid-${this.name}`,
                   WEIR_POLICY: join(dir, 'image/policy.yaml'),
                   WEIR_IMAGE: join(this.root, 'run/weir/policy.weir'),
                   KUBERNETES_SERVICE_HOST: '127.0.0.1',
                   KUBERNETES_SERVICE_PORT: String(this.ports.api) }
        });

        child.name = name;
        child.ended = new Promise((done, fail) => {
            child.on('error', fail);
            child.on('exit', (code, signal) => done(signal ?? code));
        });
        child.ended.then(() => { child.over = true; }, () => {});
        fs.closeSync(log);
        started.push(child);

        return child;
    }

    compile() {
        return this.start('compile', this.container('compile').command).ended;
    }

    async up() {
        const code = await this.compile();

        if (code !== 0) {
            throw new Error(`compile: ${code}: ${this.said('compile')}`);
        }

        const watch = this.container('watch').command.map(
            text => text.replace(':9146', `127.0.0.1:${this.ports.watch}`));

        const account = ['--service-account', join(this.root, 'account')];

        this.watch = this.start('watch', watch, account);
        await this.nginx_up();
    }

    async nginx_up() {
        const { args } = this.container('nginx');

        this.nginx = this.start('nginx', ['weir-entrypoint', ...args],
                                ['-p', join(this.root, 'prefix')]);
        await this.start('poststart',
                         this.container('nginx').lifecycle.postStart
                             .exec.command).ended;
        await until(`nginx of ${this.name}`, async () => {
            if (this.nginx.over) {
                throw new Error(`nginx ended: ${this.said('nginx')}`);
            }

            return (await get(this.ports.operators, '/readyz')).code === 200;
        });
    }

    said(name) {
        return fs.readFileSync(join(this.root, `${name}.log`), 'utf8');
    }

    // Of a metric, or undefined.
    async metric(port, name) {
        const { text } = await get(port, '/metrics');
        const line = text.split('\n').find(l => l.startsWith(`${name} `)
                                                || l.startsWith(`${name}{`));

        return line === undefined ? undefined : Number(line.split(' ').pop());
    }

    workers() {
        const { pid } = this.nginx;

        return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    }

    // What the kubelet does to a pod that is deleted.
    async drain() {
        const { preStop } = this.container('nginx').lifecycle;
        const begin = Date.now();
        const hook = this.start('prestop', preStop.exec.command);

        // when it is late, it is killed
        const grace = this.spec.terminationGracePeriodSeconds * 1000;
        const killed = setTimeout(() => this.nginx.kill('SIGKILL'), grace);
        const code = await this.nginx.ended;
        const took = Date.now() - begin;

        clearTimeout(killed);
        hook.kill();

        // a sidecar's turn comes when all others have ended
        const early = this.watch.over;

        this.watch.kill('SIGTERM');

        return { code, took, early, watch: await this.watch.ended };
    }
}


// The programs and what else the image has, where the pods' user can read them.
function programs() {
    make(dir);
    make(dir, 'bin');
    make(dir, 'image');

    for (const [from, to] of [
        [join(build, 'bin/weir'), 'bin'],
        [join(build, 'nginx/sbin/nginx'), 'bin'],
        [join(build, 'nginx/modules/ngx_http_weir_module.so'), 'bin'],
        [join(root, 'docker/entrypoint'), 'bin/weir-entrypoint'],
        [join(root, 'conf.d/minimal.yaml'), 'image/policy.yaml'],
        [join(root, 'conf.d/minimal.weir-test.yaml'), 'image']])
    {
        fs.copyFileSync(from, to.includes('/') ? join(dir, to)
                                               : join(dir, to, basename(from)));
    }
}


async function ports_of(count) {
    const ports = [];

    for (let n = 0; n < count; n++) {
        ports.push(await free_port());
    }

    return ports;
}


// Runs main(); whatever came of it, nothing that was started stays.  A master
// of nginx that is killed would leave its workers.
function live(main) {
    const stopped = new Promise((_, fail) => {
        for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
            process.on(signal, () => fail(new Error(signal)));
        }
    });

    programs();
    Promise.race([main(), stopped]).catch(e => {
        ok(false, e.message);
    }).finally(async () => {
        const left = started.filter(child => !child.over);

        left.forEach(child => child.kill('SIGTERM'));
        await Promise.race([Promise.all(left.map(child => child.ended)),
                            sleep(2000)]);
        left.forEach(child => child.over || child.kill('SIGKILL'));

        if (failed === 0) {
            fs.rmSync(dir, { recursive: true });
        } else {
            console.log(`${me}: its files are in ${dir}`);
        }

        process.exit(failed === 0 ? 0 : 1);
    });
}


module.exports = { Pod, dir, get, live, make, ok, ports_of, run, sleep, started,
                   until };
